"""Partitions of the telemetry tables: a month of runs each, made before the month begins."""

from collections.abc import Iterator
from datetime import UTC, datetime

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.store.ids import first_id_of
from app.store.tables import PARTITIONED

#: Months that have their partition, the present one included.
NUM_MONTHS = 3
_MONTHS_A_YEAR = 12


def ensure_partitions(session: Session) -> tuple[str, ...]:
    """Make what is missing of this month and the next ones; the names of what was made."""
    now = session.execute(select(func.now())).scalar_one()
    missing = [month for month in _months(now) if not _is_there(session, month)]
    return tuple(_make(session, table, month) for month in missing for table in PARTITIONED)


def partition_name(table: str, month: datetime) -> str:
    return f"{table}_{month:%Y_%m}"


def _months(now: datetime) -> Iterator[datetime]:
    this_month = now.astimezone(UTC).year * _MONTHS_A_YEAR + now.astimezone(UTC).month - 1
    for month in range(this_month, this_month + NUM_MONTHS):
        yield _start_of(month)


def _start_of(month: int) -> datetime:
    """First moment of a month that is counted from the year 0."""
    year, index = divmod(month, _MONTHS_A_YEAR)
    return datetime(year, index + 1, 1, tzinfo=UTC)


def _is_there(session: Session, month: datetime) -> bool:
    names = [partition_name(table, month) for table in PARTITIONED]
    found = [session.execute(select(func.to_regclass(name))).scalar_one() for name in names]
    return None not in found


def _make(session: Session, table: str, month: datetime) -> str:
    """Names and bounds come from our own tables and the clock: nothing here is a client's."""
    following = _start_of(month.year * _MONTHS_A_YEAR + month.month)
    name = partition_name(table, month)
    session.execute(
        text(
            f"CREATE TABLE IF NOT EXISTS {name} PARTITION OF {table} "
            f"FOR VALUES FROM ('{first_id_of(month)}') TO ('{first_id_of(following)}')"
        )
    )
    return name
