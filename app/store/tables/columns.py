"""The metadata, and functions that make columns of common types."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Integer,
    MetaData,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from app.store.arrays import NumpyArray

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Doubles = NumpyArray("DOUBLE PRECISION")
Integers = NumpyArray("INTEGER")
Reals = NumpyArray("REAL")


def timestamp(name: str, *, nullable: bool = True) -> Column[datetime]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


def creation_time(name: str = "created_at") -> Column[datetime]:
    return Column(name, DateTime(timezone=True), nullable=False, server_default=func.now())


def identifier() -> Column[UUID]:
    return Column("id", Uuid, primary_key=True)


def workspace() -> Column[UUID]:
    owner = ForeignKey("workspaces.id", ondelete="CASCADE")
    return Column("workspace_id", Uuid, owner, nullable=False)


def text_column(name: str, default: str | None = None) -> Column[str]:
    return Column(name, Text, nullable=False, server_default=default)


def text_array_column(name: str) -> Column[Sequence[str]]:
    return Column(name, ARRAY(Text), nullable=False, server_default=text("'{}'"))


def counter(name: str, kind: type[Integer] = Integer, start: int = 0) -> Column[int]:
    return Column(name, kind, nullable=False, server_default=text(str(start)))


def flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False, server_default=text("false"))


def json_column(name: str, default: str | None = None) -> Column[JsonValue]:
    given = None if default is None else text(f"'{default}'")
    return Column(name, JSONB(none_as_null=True), nullable=False, server_default=given)


def nullable_json_column(name: str) -> Column[JsonValue]:
    return Column(name, JSONB(none_as_null=True), nullable=True)


def run_reference(*, primary_key: bool = True) -> Column[UUID]:
    owner = ForeignKey("runs.id", ondelete="CASCADE")
    return Column("run_id", Uuid, owner, primary_key=primary_key, nullable=False)
