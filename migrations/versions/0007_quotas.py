"""Quotas of workspaces, the time at which each was last served, and the storage that runs use."""

from alembic import op

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


def upgrade() -> None:
    for table, columns in COLUMNS.items():
        for column in columns:
            op.execute(f"ALTER TABLE {table} ADD COLUMN {column}")


def downgrade() -> None:
    for table, columns in COLUMNS.items():
        for column in columns:
            op.execute(f"ALTER TABLE {table} DROP COLUMN {column.split()[0]}")
