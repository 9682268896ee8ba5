"""The database's clock, by which all leases are set and checked."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, DateTime, func, select
from sqlalchemy.orm import Session


def database_now() -> ColumnElement[datetime]:
    """Returns the current time; PostgreSQL's `now()` is the start of the transaction."""
    return func.clock_timestamp(type_=DateTime(timezone=True))


def read_now(session: Session) -> datetime:
    """Returns the current time of the database."""
    return session.execute(select(database_now())).scalar_one()


def seconds_from_now(seconds: float) -> ColumnElement[datetime]:
    return database_now() + timedelta(seconds=seconds)
