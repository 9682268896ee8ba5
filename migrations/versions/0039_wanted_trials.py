"""Runs that a critical finding ended, and whose remedies are to be tried."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "runs",
        sa.Column("wants_trial", sa.Boolean(), nullable=False, server_default=sa.text("false")),
    )
    op.create_index(
        "ix_runs_wanting_trial", "runs", ["id"], postgresql_where=sa.text("wants_trial")
    )


def downgrade() -> None:
    op.drop_index("ix_runs_wanting_trial", "runs")
    op.drop_column("runs", "wants_trial")
