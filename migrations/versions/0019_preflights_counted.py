"""Quota of preflights, and the preflights of one comparison."""

from alembic import op

from app.migration import refuse_to_lose

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

#: Table -> its new columns. All have a constant default or none: no row is rewritten.
COLUMNS = {
    "workspaces": ("max_preflights INTEGER",),
    "runs": ("compared_ids UUID[]",),
}


def upgrade() -> None:
    for table, columns in COLUMNS.items():
        for column in columns:
            op.execute(f"ALTER TABLE {table} ADD COLUMN {column}")


def downgrade() -> None:
    refuse_to_lose("workspaces", where="max_preflights IS NOT NULL")
    for table, columns in COLUMNS.items():
        for column in columns:
            op.execute(f"ALTER TABLE {table} DROP COLUMN {column.split()[0]}")
