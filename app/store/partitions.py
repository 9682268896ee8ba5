"""Partitions of the telemetry tables: one for each month of runs, created before it begins."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from sqlalchemy import Text, cast, column, func, select, table, text
from sqlalchemy.dialects.postgresql import REGCLASS
from sqlalchemy.orm import Session

from app.store.ids import first_id_of
from app.store.tables import PARTITIONED

#: Months for which partitions exist in advance, the present one included.
NUM_MONTHS = 3
_MONTHS_A_YEAR = 12
#: The year and the month at the end of a partition's name.
_MONTH_OF = re.compile(r"_(\d{4})_(\d{2})$")


def ensure_partitions(session: Session) -> tuple[str, ...]:
    """Creates the missing partitions of this month and the next ones; returns their names."""
    now = session.execute(select(func.now())).scalar_one()
    missing = [month for month in _months(now) if not _exists(session, month)]
    return tuple(name for month in missing for name in make_month(session, month))


def make_month(session: Session, month: datetime) -> tuple[str, ...]:
    """Creates a partition of each table for the month that begins at `month`; returns the names."""
    return tuple(_make(session, parent, month) for parent in PARTITIONED)


def months_with_partitions(session: Session) -> list[datetime]:
    """Returns the first moment of each month that has a partition, the oldest first."""
    inherits = table("pg_inherits", column("inhrelid"), column("inhparent"))
    parents = [func.to_regclass(name) for name in PARTITIONED]
    names = session.execute(
        select(cast(cast(inherits.c.inhrelid, REGCLASS), Text)).where(
            cast(inherits.c.inhparent, REGCLASS).in_(parents)
        )
    ).scalars()
    found = {match.groups() for name in names if (match := _MONTH_OF.search(name))}
    return sorted(datetime(int(year), int(month), 1, tzinfo=UTC) for year, month in found)


def following_month(month: datetime) -> datetime:
    return _start_of(month.year * _MONTHS_A_YEAR + month.month)


def partition_name(parent: str, month: datetime) -> str:
    return f"{parent}_{month:%Y_%m}"


def _months(now: datetime) -> Iterator[datetime]:
    this_month = now.astimezone(UTC).year * _MONTHS_A_YEAR + now.astimezone(UTC).month - 1
    for month in range(this_month, this_month + NUM_MONTHS):
        yield _start_of(month)


def _start_of(month: int) -> datetime:
    """Returns the first moment of a month that is counted from the year 0."""
    year, index = divmod(month, _MONTHS_A_YEAR)
    return datetime(year, index + 1, 1, tzinfo=UTC)


def _exists(session: Session, month: datetime) -> bool:
    names = [partition_name(parent, month) for parent in PARTITIONED]
    found = [session.execute(select(func.to_regclass(name))).scalar_one() for name in names]
    return None not in found


def _make(session: Session, parent: str, month: datetime) -> str:
    """Creates one partition. The SQL contains table names and dates, and no client's input."""
    following = following_month(month)
    name = partition_name(parent, month)
    session.execute(
        text(
            f"CREATE TABLE IF NOT EXISTS {name} PARTITION OF {parent} "
            f"FOR VALUES FROM ('{first_id_of(month)}') TO ('{first_id_of(following)}')"
        )
    )
    return name
