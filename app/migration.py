"""Upgrades a database to the newest schema; several processes may call it at the same time."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from app.domain.errors import Unavailable

FOLDER = Path(__file__).parent.parent / "migrations"
#: Advisory lock: one process migrates while the others wait. "clinic" in ASCII.
LOCK = 0x636C696E6963


def migrate(database_url: str, *, revision: str = "head") -> None:
    """Upgrades the schema in one transaction; an error changes nothing.

    Raises Unavailable when the database does not answer.
    """
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
