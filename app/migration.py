"""Upgrades a database to the newest schema; several processes may call it at the same time."""

from pathlib import Path

from alembic import command, op
from alembic import context as alembic
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from app.domain.errors import Conflict, Unavailable

FOLDER = Path(__file__).parent.parent / "migrations"
#: Advisory lock: one process migrates while the others wait. "clinic" in ASCII.
LOCK = 0x636C696E6963
#: Attribute of Alembic's configuration.
LOSE_DATA = "lose_data"


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


def downgrade(database_url: str, *, revision: str, lose_data: bool = False) -> None:
    """Goes back to an older schema in one transaction; an error changes nothing.

    Raises Conflict where rows would be lost, unless `lose_data` is set, and Unavailable when the
    database does not answer.
    """
    engine = create_engine(database_url, poolclass=NullPool)
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            config = _config(database_url, connection)
            config.attributes[LOSE_DATA] = lose_data
            command.downgrade(config, revision)
    except OperationalError as error:
        detail = f"The database cannot be used: {str(error.orig).splitlines()[0]}"
        raise Unavailable(detail) from error


def refuse_to_lose(table: str, *, where: str = "true") -> None:
    """For downgrades that drop a table or columns. Raises Conflict where it has such rows.

    `clinic downgrade --lose-data` and `alembic -x lose-data` let it pass.
    """
    asked = "lose-data" in alembic.get_x_argument(as_dictionary=True)
    if asked or alembic.config.attributes.get(LOSE_DATA, False):
        return
    # the names are those of migrations, and no client's input
    statement = f"SELECT EXISTS (SELECT FROM {table} WHERE {where})"  # noqa: S608
    if op.get_bind().execute(text(statement)).scalar_one():
        detail = (
            f"This downgrade would delete what `{table}` holds, and nothing brings it back. Make a "
            "backup (docs/operations.md), and repeat it with --lose-data."
        )
        raise Conflict(detail)


def _upgrade(engine: Engine, database_url: str, revision: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        command.upgrade(_config(database_url, connection), revision)


def _config(database_url: str, connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("sqlalchemy.url", database_url.replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
