"""What probes could not measure, and why; partitioned by month of run like all telemetry."""

from datetime import UTC, datetime
from uuid import UUID

from alembic import op

from app.migration import refuse_to_lose

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

PROBE_GAPS = """
CREATE TABLE probe_gaps (
    run_id UUID NOT NULL,
    seq BIGINT NOT NULL,
    position INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    step INTEGER NOT NULL,
    quantity TEXT NOT NULL,
    scope TEXT NOT NULL,
    reason TEXT NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_probe_gaps PRIMARY KEY (run_id, seq, position),
    CONSTRAINT fk_probe_gaps_run_id FOREIGN KEY (run_id)
        REFERENCES runs (id) ON DELETE CASCADE
)
PARTITION BY RANGE (run_id)
"""
#: Number of months whose partitions are created at first; workers create as many in advance.
NUM_MONTHS = 3


def first_id_of(month: int) -> UUID:
    """Returns the smallest UUIDv7 of a month; months are counted from year 0."""
    start = datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC)
    return UUID(int=int(start.timestamp() * 1000) << 80)


def upgrade() -> None:
    op.execute(PROBE_GAPS)
    op.execute("CREATE TABLE probe_gaps_default PARTITION OF probe_gaps DEFAULT")
    now = datetime.now(UTC)
    this_month = now.year * 12 + now.month - 1
    for month in range(this_month, this_month + NUM_MONTHS):
        name = f"probe_gaps_{month // 12:04d}_{month % 12 + 1:02d}"
        bounds = f"FROM ('{first_id_of(month)}') TO ('{first_id_of(month + 1)}')"
        op.execute(f"CREATE TABLE {name} PARTITION OF probe_gaps FOR VALUES {bounds}")


def downgrade() -> None:
    refuse_to_lose("probe_gaps")
    op.drop_table("probe_gaps")
