"""The quota of runs per hour, and how much of it each workspace has spent."""

from alembic import op

from app.migration import refuse_to_lose

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

COLUMNS = ("max_runs_per_hour INTEGER", "runs_full_at TIMESTAMP WITH TIME ZONE")


def upgrade() -> None:
    for column in COLUMNS:
        op.execute(f"ALTER TABLE workspaces ADD COLUMN {column}")


def downgrade() -> None:
    refuse_to_lose("workspaces", where="max_runs_per_hour IS NOT NULL")
    for column in COLUMNS:
        op.execute(f"ALTER TABLE workspaces DROP COLUMN {column.split()[0]}")
