"""Runs, the numbered log of each, and what was found in them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from app.store.tables.columns import (
    count,
    document,
    flag,
    identifier,
    made_at,
    maybe_document,
    metadata,
    moment,
    run_reference,
    word_list,
    words,
    workspace,
)

runs = Table(
    "runs",
    metadata,
    identifier(),
    workspace(),
    words("name", ""),
    word_list("tags"),
    words("notes", ""),
    document("spec"),
    #: Copied out of the spec, for filters and for claims.
    words("model_kind"),
    words("dataset_kind"),
    Column("dataset_id", Uuid, ForeignKey("datasets.id", ondelete="SET NULL")),
    words("device_wanted"),
    count("priority"),
    words("status", "queued"),
    Column("stop_reason", Text),
    Column("error", Text),
    #: The fencing token: raised by every claim, checked by every write of a worker.
    count("attempt"),
    #: Raised by every visible change: the ETag.
    count("version", BigInteger, start=1),
    #: Number of the next batch of this attempt; an earlier one is a replay.
    count("next_seq", BigInteger),
    #: Number that the next event gets.
    count("next_event", BigInteger, start=1),
    count("crash_count"),
    Column("worker_id", Uuid, ForeignKey("workers.id", ondelete="SET NULL")),
    moment("lease_expires_at"),
    moment("cancel_requested_at"),
    made_at(),
    moment("started_at"),
    moment("ended_at"),
    count("progress_step", BigInteger),
    moment("progress_at"),
    Column("steps_per_second", Double),
    document("metrics", "{}"),
    maybe_document("best"),
    maybe_document("task"),
    Column("device", Text),
    word_list("tensor_names"),
    Column("probe_share", Double),
    Column("probe_seconds", Double),
    Column("verdict", Text),
    word_list("finding_codes"),
    flag("is_diagnosis_final"),
    Column("parent_run_id", Uuid, ForeignKey("runs.id", ondelete="SET NULL")),
    Column("parent_step", BigInteger),
    #: Steps that a preflight tries; null for an ordinary run.
    Column("preflight_steps", Integer),
    #: Steps that earlier attempts probed after the checkpoint that this one goes on from.
    Column("followed_steps", ARRAY(Integer), nullable=False, server_default=text("'{}'")),
    #: Null until the run goes on from a checkpoint, then whether bit for bit each time.
    Column("is_continued_bitwise", Boolean),
    #: Rows of telemetry that it was reckoned to leave, as long as it has not ended.
    count("expected_rows", BigInteger),
    #: What its readings take up, roughly.
    count("telemetry_bytes", BigInteger),
    #: When its readings were dropped because of their age.
    moment("telemetry_dropped_at"),
    #: Training stands still because the database takes no more readings at present.
    flag("waits_for_database"),
    CheckConstraint(
        "status IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')", name="status"
    ),
    CheckConstraint("(ended_at IS NULL) = (status IN ('queued', 'running'))", name="ended_at"),
    CheckConstraint("(stop_reason IS NULL) = (ended_at IS NULL)", name="stop_reason"),
    CheckConstraint("status <> 'running' OR lease_expires_at IS NOT NULL", name="lease"),
    Index(None, "workspace_id", "created_at", "id"),
    Index("ix_runs_queued", "priority", "id", postgresql_where=text("status = 'queued'")),
    Index("ix_runs_running", "workspace_id", postgresql_where=text("status = 'running'")),
    Index(None, "parent_run_id"),
    Index(None, "dataset_id"),
    Index(None, "worker_id"),
    Index("ix_runs_preflights", "ended_at", postgresql_where=text("preflight_steps IS NOT NULL")),
    # heartbeats and flushes rewrite the row often: room to do so within its page
    postgresql_with={"fillfactor": "50"},
)

events = Table(
    "events",
    metadata,
    run_reference(),
    Column("number", BigInteger, primary_key=True),
    words("kind"),
    made_at(),
    document("data", "{}"),
)

checkpoints = Table(
    "checkpoints",
    metadata,
    run_reference(),
    Column("step", BigInteger, primary_key=True),
    Column("attempt", Integer, nullable=False),
    #: Of its file in the artifact store.
    words("name"),
    Column("num_bytes", BigInteger, nullable=False),
    words("sha256"),
    #: What of it a run goes on with.
    words("takes", "all"),
    #: Columns of the run as they were then.
    count("next_seq", BigInteger),
    moment("progress_at"),
    Column("steps_per_second", Double),
    document("metrics", "{}"),
    maybe_document("best"),
    Column("probe_share", Double),
    Column("probe_seconds", Double),
    count("telemetry_bytes", BigInteger),
    made_at(),
)

artifacts = Table(
    "artifacts",
    metadata,
    run_reference(),
    Column("name", Text, primary_key=True),
    Column("attempt", Integer, nullable=False),
    words("kind"),
    #: Of its file in the artifact store.
    words("stored_name"),
    Column("num_bytes", BigInteger, nullable=False),
    words("sha256"),
    #: Optimizer steps that its weights have seen.
    Column("step", BigInteger),
    made_at(),
)

diagnoses = Table(
    "diagnoses",
    metadata,
    run_reference(),
    Column("attempt", Integer, nullable=False),
    Column("as_of_step", Integer),
    Column("is_final", Boolean, nullable=False),
    words("rules_version"),
    words("verdict"),
    words("summary"),
    document("not_assessed", "[]"),
    made_at(),
)

findings = Table(
    "findings",
    metadata,
    Column("run_id", Uuid, ForeignKey("diagnoses.run_id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    words("code"),
    words("state"),
    words("impact"),
    words("severity"),
    Column("confidence", Double, nullable=False),
    Column("first_step", Integer, nullable=False),
    Column("last_step", Integer, nullable=False),
    Column("resolved_step", Integer),
    words("scope"),
    document("threshold"),
    document("evidence"),
    maybe_document("cause"),
    words("explanation"),
    document("remedies", "[]"),
    Index(None, "code"),
)
