"""Brings a database to the newest schema; safe to call from several processes at once."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from app.domain.errors import Unavailable

FOLDER = Path(__file__).parent.parent / "migrations"
#: The advisory lock under which one process migrates while others wait: "clinic" in ASCII.
LOCK = 0x636C696E6963


def migrate(database_url: str, *, revision: str = "head") -> None:
    """Upgrade in one transaction, or leave everything as it was."""
    engine = create_engine(database_url, poolclass=NullPool)
    try:
        _upgrade(engine, database_url, revision)
    except OperationalError as error:
        detail = f"The database cannot be used: {str(error.orig).splitlines()[0]}"
        raise Unavailable(detail) from error


def _upgrade(engine: Engine, database_url: str, revision: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        config = Config()
        config.set_main_option("script_location", str(FOLDER))
        config.set_main_option("sqlalchemy.url", database_url.replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
