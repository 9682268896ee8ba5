"""The database's clock, by which all leases are set and checked."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, DateTime, func


def database_now() -> ColumnElement[datetime]:
    """Returns the current time; PostgreSQL's `now()` is the start of the transaction."""
    return func.clock_timestamp(type_=DateTime(timezone=True))


def seconds_from_now(seconds: float) -> ColumnElement[datetime]:
    return database_now() + timedelta(seconds=seconds)
