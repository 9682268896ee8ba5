"""Windows of a run's series, partitioned by month of run like telemetry; chunks found by step.

Runs of an earlier release have no windows yet. Workers make them in their sweeps, a bounded part at
a time; until then the chunks are read instead.
"""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

WINDOWS = """
CREATE TABLE telemetry_windows (
    run_id UUID NOT NULL,
    level SMALLINT NOT NULL,
    number INTEGER NOT NULL,
    quantity TEXT NOT NULL,
    tensor INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    seq BIGINT NOT NULL,
    packed BYTEA NOT NULL,
    outlines BYTEA NOT NULL,
    CONSTRAINT pk_telemetry_windows PRIMARY KEY (run_id, level, number, quantity, tensor),
    CONSTRAINT fk_telemetry_windows_run_id FOREIGN KEY (run_id)
        REFERENCES runs (id) ON DELETE CASCADE
)
PARTITION BY RANGE (run_id)
"""
#: One partition for each one of the chunks, with the same bounds; the names differ in the table.
PARTITIONS = """
DO $$
DECLARE
    part RECORD;
BEGIN
    FOR part IN
        SELECT child.relname AS name, pg_get_expr(child.relpartbound, child.oid) AS bounds
        FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid
        WHERE inhparent = 'telemetry_chunks'::regclass
    LOOP
        EXECUTE format(
            'CREATE TABLE %I PARTITION OF telemetry_windows %s',
            replace(part.name, 'telemetry_chunks', 'telemetry_windows'),
            part.bounds
        );
    END LOOP;
END $$
"""
WITHOUT_WINDOWS = """
CREATE INDEX ix_runs_without_windows ON runs (id)
WHERE ended_at IS NOT NULL AND telemetry_dropped_at IS NULL
    AND progress_step - windowed_steps >= 1024
"""


def upgrade() -> None:
    op.execute(WINDOWS)
    op.execute(PARTITIONS)
    op.execute("ALTER TABLE runs ADD COLUMN windowed_steps BIGINT DEFAULT 0 NOT NULL")
    op.execute(WITHOUT_WINDOWS)
    op.execute(
        "CREATE INDEX ix_telemetry_chunks_run_id_last_step ON telemetry_chunks (run_id, last_step)"
    )


def downgrade() -> None:
    op.drop_index("ix_telemetry_chunks_run_id_last_step")
    op.drop_index("ix_runs_without_windows")
    op.drop_column("runs", "windowed_steps")
    op.drop_table("telemetry_windows")
