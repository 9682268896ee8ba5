"""Memory of the devices of workers, and what runs are estimated to need of it."""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

#: Table -> its new column. The defaults are constant, so that no row is rewritten; they mean that
#: nothing is known, and a run or worker of an older release is not held back.
COLUMNS = {
    "workers": "device_memory_bytes BIGINT[] DEFAULT '{}' NOT NULL",
    "runs": "expected_memory_bytes BIGINT DEFAULT 0 NOT NULL",
}


def upgrade() -> None:
    for table, column in COLUMNS.items():
        op.execute(f"ALTER TABLE {table} ADD COLUMN {column}")


def downgrade() -> None:
    for table, column in COLUMNS.items():
        op.execute(f"ALTER TABLE {table} DROP COLUMN {column.split()[0]}")
