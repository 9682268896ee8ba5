"""Tables of trials: remedies of a run, trained beside the untreated run."""

from sqlalchemy import (
    BigInteger,
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
    identifier,
    json_column,
    metadata,
    nullable_json_column,
    run_reference,
    text_column,
    timestamp,
    workspace,
)

trials = Table(
    "trials",
    metadata,
    identifier(),
    workspace(),
    #: The run whose remedies are tried.
    run_reference(primary_key=False),
    text_column("status", "running"),
    Column("end_reason", Text),
    #: Raised by every change of the row.
    counter("version", BigInteger, start=1),
    creation_time(),
    timestamp("ended_at"),
    #: The control first.
    json_column("arms"),
    Column("seeds", ARRAY(Integer), nullable=False),
    Column("budget", Double, nullable=False),
    Column("run_seconds", Double, nullable=False),
    #: What became of the run itself, where it serves as an untreated one.
    nullable_json_column("own"),
    text_column("until", "decided"),
    CheckConstraint("status IN ('running', 'ended', 'cancelled')", name="status"),
    CheckConstraint("until IN ('first_cure', 'decided')", name="until"),
    CheckConstraint("(ended_at IS NULL) = (status = 'running')", name="ended_at"),
    Index(None, "run_id", "created_at"),
    Index(None, "workspace_id"),
    # a run has one trial at a time
    Index("uq_trials_running", "run_id", unique=True, postgresql_where=text("ended_at IS NULL")),
)

trial_runs = Table(
    "trial_runs",
    metadata,
    Column("trial_id", Uuid, ForeignKey("trials.id", ondelete="CASCADE"), primary_key=True),
    #: Positions of the arm and of the seed. The key allows one run of them.
    Column("arm", Integer, primary_key=True),
    Column("seed", Integer, primary_key=True),
    #: Null once the run was deleted, and for one that was refused when it was to be queued.
    Column("run_id", Uuid, ForeignKey("runs.id", ondelete="SET NULL")),
    #: What became of the run; null until it has ended.
    nullable_json_column("outcome"),
    #: Why the trial asked the run to stop; null if it did not.
    Column("stopped_for", Text),
    Index(None, "run_id"),
)
