"""Tables of runs, their events, checkpoints, artifacts, diagnoses and findings."""

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
    counter,
    creation_time,
    flag,
    identifier,
    json_column,
    metadata,
    nullable_json_column,
    run_reference,
    text_array_column,
    text_column,
    timestamp,
    workspace,
)

runs = Table(
    "runs",
    metadata,
    identifier(),
    workspace(),
    text_column("name", ""),
    text_array_column("tags"),
    text_column("notes", ""),
    json_column("spec"),
    #: Copied from the spec, for filters and for claims.
    text_column("model_kind"),
    text_column("dataset_kind"),
    Column("dataset_id", Uuid, ForeignKey("datasets.id", ondelete="SET NULL")),
    text_column("device_wanted"),
    counter("priority"),
    text_column("status", "queued"),
    Column("stop_reason", Text),
    Column("error", Text),
    #: The fencing token: raised by every claim, checked by every write of a worker.
    counter("attempt"),
    #: Raised by every change that clients can see; it is the ETag.
    counter("version", BigInteger, start=1),
    #: Number of the next batch of readings; a batch with a lower number is a repetition.
    counter("next_seq", BigInteger),
    #: Number that the next event gets.
    counter("next_event", BigInteger, start=1),
    counter("crash_count"),
    Column("worker_id", Uuid, ForeignKey("workers.id", ondelete="SET NULL")),
    timestamp("lease_expires_at"),
    timestamp("cancel_requested_at"),
    creation_time(),
    timestamp("started_at"),
    timestamp("ended_at"),
    counter("progress_step", BigInteger),
    timestamp("progress_at"),
    Column("steps_per_second", Double),
    json_column("metrics", "{}"),
    nullable_json_column("best"),
    #: A summary; null without any.
    nullable_json_column("rollbacks"),
    nullable_json_column("task"),
    Column("device", Text),
    text_array_column("tensor_names"),
    Column("probe_share", Double),
    Column("probe_seconds", Double),
    Column("verdict", Text),
    text_array_column("finding_codes"),
    flag("is_diagnosis_final"),
    Column("parent_run_id", Uuid, ForeignKey("runs.id", ondelete="SET NULL")),
    Column("parent_step", BigInteger),
    #: What it was made for, and the kind of the remedy that it tries; null for most runs.
    Column("purpose", Text),
    Column("remedy", Text),
    #: A critical finding ended it, and its spec asks for a trial that was neither started nor
    #: refused yet.
    flag("wants_trial"),
    #: Number of steps of a preflight; null for an ordinary run.
    Column("preflight_steps", Integer),
    #: Preflights of the same comparison, this one included, the base first; null outside of one.
    Column("compared_ids", ARRAY(Uuid)),
    #: Steps after the last checkpoint that earlier attempts probed; this attempt probes them too.
    Column("followed_steps", ARRAY(Integer), nullable=False, server_default=text("'{}'")),
    #: Null until the run continues from a checkpoint; then whether every continuation was bitwise.
    Column("is_continued_bitwise", Boolean),
    #: Estimated number of rows of telemetry; it counts until the run has ended.
    counter("expected_rows", BigInteger),
    #: Estimated memory of training; a worker whose device has less claims another run.
    counter("expected_memory_bytes", BigInteger),
    #: Approximate size of its readings.
    counter("telemetry_bytes", BigInteger),
    #: All complete windows below this step are stored.
    counter("windowed_steps", BigInteger),
    #: When its readings were dropped because of their age.
    timestamp("telemetry_dropped_at"),
    #: True while training waits because the database accepts no readings.
    flag("waits_for_database"),
    #: What a queued run is held for; no worker claims it until this is null again.
    Column("held_for", Text),
    #: Bytes that the run needs in the artifact folder and does not have yet.
    Column("wanted_artifact_bytes", BigInteger),
    #: True from the end of an experiment until its parent was judged with the result.
    flag("is_result_due"),
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
    Index("ix_runs_results_due", "parent_run_id", postgresql_where=text("is_result_due")),
    Index("ix_runs_held", "id", postgresql_where=text("held_for IS NOT NULL")),
    Index("ix_runs_wanting_trial", "id", postgresql_where=text("wants_trial")),
    Index("ix_runs_preflights", "ended_at", postgresql_where=text("preflight_steps IS NOT NULL")),
    # ended runs of an earlier release, whose windows are still to be made
    Index(
        "ix_runs_without_windows",
        "id",
        postgresql_where=text(
            "ended_at IS NOT NULL AND telemetry_dropped_at IS NULL "
            "AND progress_step - windowed_steps >= 1024"
        ),
    ),
    # heartbeats and flushes rewrite the row often; free space keeps the new version in its page
    postgresql_with={"fillfactor": "50"},
)

events = Table(
    "events",
    metadata,
    run_reference(),
    Column("number", BigInteger, primary_key=True),
    text_column("kind"),
    creation_time(),
    json_column("data", "{}"),
)

checkpoints = Table(
    "checkpoints",
    metadata,
    run_reference(),
    Column("step", BigInteger, primary_key=True),
    Column("attempt", Integer, nullable=False),
    #: Name of its file in the artifact store.
    text_column("name"),
    Column("num_bytes", BigInteger, nullable=False),
    text_column("sha256"),
    #: Which parts of the checkpoint the run continues with.
    text_column("takes", "all"),
    #: False for the state of the best step, from which only forks start.
    Column("for_resume", Boolean, nullable=False, server_default=text("true")),
    #: Values of the run's columns at the checkpoint.
    counter("next_seq", BigInteger),
    timestamp("progress_at"),
    Column("steps_per_second", Double),
    json_column("metrics", "{}"),
    nullable_json_column("best"),
    nullable_json_column("rollbacks"),
    Column("probe_share", Double),
    Column("probe_seconds", Double),
    counter("telemetry_bytes", BigInteger),
    creation_time(),
)

artifacts = Table(
    "artifacts",
    metadata,
    run_reference(),
    Column("name", Text, primary_key=True),
    Column("attempt", Integer, nullable=False),
    text_column("kind"),
    #: Name of its file in the artifact store.
    text_column("stored_name"),
    Column("num_bytes", BigInteger, nullable=False),
    text_column("sha256"),
    #: Optimizer steps after which its weights were saved.
    Column("step", BigInteger),
    creation_time(),
)

diagnoses = Table(
    "diagnoses",
    metadata,
    run_reference(),
    Column("attempt", Integer, nullable=False),
    Column("as_of_step", Integer),
    Column("is_final", Boolean, nullable=False),
    text_column("rules_version"),
    text_column("verdict"),
    text_column("summary"),
    json_column("not_assessed", "[]"),
    json_column("causes", "[]"),
    nullable_json_column("outlook"),
    json_column("experiment_results", "[]"),
    creation_time(),
)

findings = Table(
    "findings",
    metadata,
    Column("run_id", Uuid, ForeignKey("diagnoses.run_id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    text_column("code"),
    text_column("state"),
    text_column("impact"),
    text_column("severity"),
    Column("confidence", Double, nullable=False),
    Column("first_step", Integer, nullable=False),
    Column("last_step", Integer, nullable=False),
    Column("resolved_step", Integer),
    text_column("scope"),
    json_column("threshold"),
    json_column("evidence"),
    nullable_json_column("cause"),
    text_column("explanation"),
    json_column("remedies", "[]"),
    Index(None, "code"),
)
