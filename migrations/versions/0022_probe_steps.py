"""Profiles of probes found by step, so that a few of many probes are read alone."""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

TABLES = ("probe_readings", "position_readings")


def upgrade() -> None:
    for table in TABLES:
        op.create_index(f"ix_{table}_run_id_step", table, ["run_id", "step"])


def downgrade() -> None:
    for table in TABLES:
        op.drop_index(f"ix_{table}_run_id_step")
