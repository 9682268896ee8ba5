"""Telemetry: chunks, readings and lag profiles, partitioned by month of run."""

from datetime import UTC, datetime
from uuid import UUID

from alembic import op

from app.migration import refuse_to_lose

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
CREATE TABLE telemetry_chunks (
    run_id UUID NOT NULL,
    seq BIGINT NOT NULL,
    attempt INTEGER NOT NULL,
    first_step INTEGER NOT NULL,
    last_step INTEGER NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    steps INTEGER[] NOT NULL,
    loss REAL[],
    grad_norm REAL[],
    clip_coefficient REAL[],
    update_ratio REAL[],
    learning_rate REAL[],
    elapsed_s REAL[],
    non_finite_count REAL[],
    tensor_grad_norm REAL[],
    tensor_weight_norm REAL[],
    tensor_update_ratio REAL[],
    tensor_zero_fraction REAL[],
    summary JSONB NOT NULL,
    CONSTRAINT pk_telemetry_chunks PRIMARY KEY (run_id, seq),
    CONSTRAINT fk_telemetry_chunks_run_id FOREIGN KEY (run_id)
        REFERENCES runs (id) ON DELETE CASCADE
)
PARTITION BY RANGE (run_id)
    """,
    """
CREATE TABLE scalar_readings (
    run_id UUID NOT NULL,
    seq BIGINT NOT NULL,
    position INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    step INTEGER NOT NULL,
    quantity TEXT NOT NULL,
    scope TEXT NOT NULL,
    value DOUBLE PRECISION NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_scalar_readings PRIMARY KEY (run_id, seq, position),
    CONSTRAINT fk_scalar_readings_run_id FOREIGN KEY (run_id)
        REFERENCES runs (id) ON DELETE CASCADE
)
PARTITION BY RANGE (run_id)
    """,
    """
CREATE INDEX ix_scalar_readings_run_id_quantity_scope_step
    ON scalar_readings (run_id, quantity, scope, step)
    """,
    """
CREATE TABLE probe_readings (
    run_id UUID NOT NULL,
    seq BIGINT NOT NULL,
    position INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    step INTEGER NOT NULL,
    scope TEXT NOT NULL,
    layer INTEGER NOT NULL,
    direction TEXT NOT NULL,
    path TEXT NOT NULL,
    log_norm DOUBLE PRECISION[] NOT NULL,
    num_anchors INTEGER[] NOT NULL,
    log_norm_hidden DOUBLE PRECISION[],
    log_norm_cell DOUBLE PRECISION[],
    log_norm_scaled DOUBLE PRECISION[],
    log_norm_median DOUBLE PRECISION[],
    underflowed BOOLEAN NOT NULL,
    cotangent TEXT NOT NULL,
    shape TEXT NOT NULL,
    decay_rate DOUBLE PRECISION,
    decay_rate_low DOUBLE PRECISION,
    decay_rate_high DOUBLE PRECISION,
    fit_first_lag INTEGER,
    fit_last_lag INTEGER,
    entry_ratio DOUBLE PRECISION,
    horizon INTEGER NOT NULL,
    horizon_first_below INTEGER,
    horizon_censored BOOLEAN NOT NULL,
    horizon_threshold DOUBLE PRECISION NOT NULL,
    horizon_low DOUBLE PRECISION NOT NULL,
    horizon_high DOUBLE PRECISION NOT NULL,
    required_lag INTEGER,
    ratio DOUBLE PRECISION,
    ratio_low DOUBLE PRECISION,
    ratio_high DOUBLE PRECISION,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_probe_readings PRIMARY KEY (run_id, seq, position),
    CONSTRAINT fk_probe_readings_run_id FOREIGN KEY (run_id)
        REFERENCES runs (id) ON DELETE CASCADE
)
PARTITION BY RANGE (run_id)
    """,
)
TABLES = ("telemetry_chunks", "scalar_readings", "probe_readings")
#: Number of months whose partitions are created at first; workers create as many in advance.
NUM_MONTHS = 3


def first_id_of(month: int) -> UUID:
    """Returns the smallest UUIDv7 of a month; months are counted from year 0."""
    start = datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC)
    return UUID(int=int(start.timestamp() * 1000) << 80)


def make_partitions(table: str) -> None:
    op.execute(f"CREATE TABLE {table}_default PARTITION OF {table} DEFAULT")
    now = datetime.now(UTC)
    this_month = now.year * 12 + now.month - 1
    for month in range(this_month, this_month + NUM_MONTHS):
        name = f"{table}_{month // 12:04d}_{month % 12 + 1:02d}"
        bounds = f"FROM ('{first_id_of(month)}') TO ('{first_id_of(month + 1)}')"
        op.execute(f"CREATE TABLE {name} PARTITION OF {table} FOR VALUES {bounds}")


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    for table in TABLES:
        make_partitions(table)


def downgrade() -> None:
    for table in TABLES:
        refuse_to_lose(table)
    for table in reversed(TABLES):
        op.drop_table(table)
