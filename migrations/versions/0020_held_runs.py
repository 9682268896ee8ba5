"""Queued runs may be held until there is space for their files in the artifact folder."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("held_for", sa.Text))
    op.add_column("runs", sa.Column("wanted_artifact_bytes", sa.BigInteger))
    op.create_index(
        "ix_runs_held", "runs", ["id"], postgresql_where=sa.text("held_for IS NOT NULL")
    )


def downgrade() -> None:
    """Held runs are claimed again, and end without their files where the folder is full."""
    op.drop_index("ix_runs_held", "runs")
    op.drop_column("runs", "wanted_artifact_bytes")
    op.drop_column("runs", "held_for")
