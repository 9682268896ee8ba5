"""The table of predictions by the weights of runs."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    Table,
    Text,
    Uuid,
    text,
)

from app.store.tables.columns import (
    counter,
    creation_time,
    identifier,
    metadata,
    nullable_json_column,
    run_reference,
    text_column,
    timestamp,
    workspace,
)

predictions = Table(
    "predictions",
    metadata,
    identifier(),
    workspace(),
    run_reference(primary_key=False),
    text_column("weights"),
    text_column("source_kind"),
    #: The rows or the text; null for a data set, and once the prediction has ended.
    Column("source_content", LargeBinary),
    Column("dataset_id", Uuid, ForeignKey("datasets.id", ondelete="SET NULL")),
    #: Of the content or the answer, whichever is stored.
    counter("num_bytes", BigInteger),
    text_column("status", "queued"),
    #: The fencing token: raised by every claim, checked by every write of a worker.
    counter("attempt"),
    #: Raised by every change that clients can see.
    counter("version", BigInteger, start=1),
    timestamp("lease_expires_at"),
    creation_time(),
    timestamp("started_at"),
    timestamp("ended_at"),
    #: JSON; null until it has succeeded.
    Column("answer", Text),
    #: Code, detail and problems; null unless it failed.
    nullable_json_column("failure"),
    CheckConstraint(
        "status IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')", name="status"
    ),
    CheckConstraint("(ended_at IS NULL) = (status IN ('queued', 'running'))", name="ended_at"),
    CheckConstraint("status <> 'running' OR lease_expires_at IS NOT NULL", name="lease"),
    Index(None, "workspace_id", "created_at"),
    Index(None, "run_id"),
    Index(None, "dataset_id"),
    Index("ix_predictions_unfinished", "created_at", postgresql_where=text("ended_at IS NULL")),
    Index("ix_predictions_ended", "ended_at", postgresql_where=text("ended_at IS NOT NULL")),
)
