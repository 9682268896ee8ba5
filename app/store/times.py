"""The database's clock, which all workers and all leases go by."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, DateTime, func


def database_now() -> ColumnElement[datetime]:
    """Now, not the start of the transaction."""
    return func.clock_timestamp(type_=DateTime(timezone=True))


def seconds_from_now(seconds: float) -> ColumnElement[datetime]:
    return database_now() + timedelta(seconds=seconds)
