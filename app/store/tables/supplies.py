"""What runs need: workers to train them and data sets to learn from."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Uuid,
)

from app.store.tables.columns import (
    count,
    document,
    identifier,
    made_at,
    metadata,
    moment,
    word_list,
    words,
    workspace,
)

workers = Table(
    "workers",
    metadata,
    identifier(),
    words("host"),
    Column("pid", Integer, nullable=False),
    word_list("devices"),
    count("slots"),
    count("threads_per_run", start=1),
    words("release", ""),
    made_at("started_at"),
    made_at("seen_at"),
    moment("retired_at"),
)

datasets = Table(
    "datasets",
    metadata,
    identifier(),
    workspace(),
    words("name"),
    words("kind"),
    Column("num_bytes", BigInteger, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    document("profile"),
    made_at(),
    CheckConstraint("kind IN ('csv', 'text')", name="kind"),
    Index(None, "workspace_id", "created_at", "id"),
)

dataset_parts = Table(
    "dataset_parts",
    metadata,
    Column("dataset_id", Uuid, ForeignKey("datasets.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)
