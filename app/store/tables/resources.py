"""Tables of what runs need: workers and data sets."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from app.store.tables.columns import (
    counter,
    creation_time,
    identifier,
    json_column,
    metadata,
    text_array_column,
    text_column,
    timestamp,
    workspace,
)

workers = Table(
    "workers",
    metadata,
    identifier(),
    text_column("host"),
    Column("pid", Integer, nullable=False),
    text_array_column("devices"),
    #: Of each device, in the same order; empty where they are unknown.
    Column("device_memory_bytes", ARRAY(BigInteger), nullable=False, server_default=text("'{}'")),
    #: Measured seconds of a step over those of the estimate's formula; null where unknown.
    Column("slowness", Double),
    counter("slots"),
    counter("threads_per_run", start=1),
    text_column("release", ""),
    creation_time("started_at"),
    creation_time("seen_at"),
    timestamp("retired_at"),
    #: Since then it claims nothing; null while it claims runs.
    timestamp("drain_requested_at"),
)

datasets = Table(
    "datasets",
    metadata,
    identifier(),
    workspace(),
    text_column("name"),
    text_column("kind"),
    Column("num_bytes", BigInteger, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    json_column("profile"),
    creation_time(),
    CheckConstraint("kind IN ('csv', 'parquet', 'jsonl', 'text')", name="kind"),
    Index(None, "workspace_id", "created_at", "id"),
)

dataset_parts = Table(
    "dataset_parts",
    metadata,
    Column("dataset_id", Uuid, ForeignKey("datasets.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

dataset_references = Table(
    "dataset_references",
    metadata,
    #: Hash of the completed spec of a data set.
    Column("key", Text, primary_key=True),
    #: The upload; null for a data set that the service has.
    Column("dataset_id", Uuid, ForeignKey("datasets.id", ondelete="CASCADE")),
    json_column("content"),
    creation_time(),
    Index(None, "dataset_id"),
)
