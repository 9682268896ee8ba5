"""Quotas of workspaces, the time at which each was last served, and the storage that runs use."""

from alembic import op

from app.migration import refuse_to_lose

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

#: Table -> its new columns. Their defaults are constant or absent, so that no row is rewritten.
COLUMNS = {
    "workspaces": (
        "max_queued_runs INTEGER",
        "max_running_runs INTEGER",
        "max_rows BIGINT",
        "max_storage_bytes BIGINT",
        "served_at TIMESTAMP WITH TIME ZONE",
        "served_preflight BOOLEAN DEFAULT false NOT NULL",
    ),
    "runs": (
        "expected_rows BIGINT DEFAULT 0 NOT NULL",
        "telemetry_bytes BIGINT DEFAULT 0 NOT NULL",
        "telemetry_dropped_at TIMESTAMP WITH TIME ZONE",
        "waits_for_database BOOLEAN DEFAULT false NOT NULL",
    ),
    "checkpoints": ("telemetry_bytes BIGINT DEFAULT 0 NOT NULL",),
}
OWN_QUOTAS = (
    "max_queued_runs IS NOT NULL OR max_running_runs IS NOT NULL"
    " OR max_rows IS NOT NULL OR max_storage_bytes IS NOT NULL"
)


def upgrade() -> None:
    for table, columns in COLUMNS.items():
        for column in columns:
            op.execute(f"ALTER TABLE {table} ADD COLUMN {column}")


def downgrade() -> None:
    refuse_to_lose("workspaces", where=OWN_QUOTAS)
    for table, columns in COLUMNS.items():
        for column in columns:
            op.execute(f"ALTER TABLE {table} DROP COLUMN {column.split()[0]}")
