"""Workspaces that an operator suspends, and workers that are drained."""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

#: Table -> its new column. None has a default: no row is rewritten.
COLUMNS = {
    "workspaces": "suspended_at TIMESTAMP WITH TIME ZONE",
    "workers": "drain_requested_at TIMESTAMP WITH TIME ZONE",
}


def upgrade() -> None:
    for table, column in COLUMNS.items():
        op.execute(f"ALTER TABLE {table} ADD COLUMN {column}")


def downgrade() -> None:
    for table, column in COLUMNS.items():
        op.execute(f"ALTER TABLE {table} DROP COLUMN {column.split()[0]}")
