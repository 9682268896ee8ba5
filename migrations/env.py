"""Runs the migrations on the connection in Alembic's configuration, or `CLINIC_DATABASE_URL`."""

import os

from alembic import context as alembic
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import TypeEngine

from app.store.arrays import NumpyArray
from app.store.tables import PARTITIONED, metadata


def is_ours(
    _item: SchemaItem,
    name: str | None,
    _kind: str,
    is_reflected: bool,  # noqa: FBT001 - Alembic's signature
    counterpart: SchemaItem | None,
) -> bool:
    """Returns whether Alembic compares the item; the store creates partitions every month."""
    is_partition = any(table in (name or "") for table in PARTITIONED)
    return not (is_reflected and counterpart is None and is_partition and name not in PARTITIONED)


def types_differ(
    context: MigrationContext,
    _inspected_column: object,
    _metadata_column: object,
    inspected_type: TypeEngine[object],
    metadata_type: TypeEngine[object],
) -> bool | None:
    """Compares numeric arrays by their SQL; None leaves other types to Alembic."""
    if isinstance(metadata_type, NumpyArray):
        return inspected_type.compile(context.dialect) != metadata_type.get_col_spec()
    return None


def migrate_over(connection: Connection) -> None:
    alembic.configure(
        connection=connection,
        target_metadata=metadata,
        include_object=is_ours,
        compare_type=types_differ,
        compare_server_default=True,
    )
    with alembic.begin_transaction():
        alembic.run_migrations()


def connect_and_migrate() -> None:
    engine = create_engine(os.environ["CLINIC_DATABASE_URL"], poolclass=NullPool)
    with engine.begin() as connection:
        migrate_over(connection)


handed = alembic.config.attributes.get("connection")
if handed is None:
    connect_and_migrate()
else:
    migrate_over(handed)
