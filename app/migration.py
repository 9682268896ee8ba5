"""Brings a database to the newest schema; safe to call from several processes at once."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

FOLDER = Path(__file__).parent.parent / "migrations"
#: The advisory lock under which one process migrates while others wait: "clinic" in ASCII.
LOCK = 0x636C696E6963


def migrate(database_url: str, *, revision: str = "head") -> None:
    """Upgrade in one transaction, or leave everything as it was."""
    engine = create_engine(database_url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        config = Config()
        config.set_main_option("script_location", str(FOLDER))
        config.set_main_option("sqlalchemy.url", database_url.replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
