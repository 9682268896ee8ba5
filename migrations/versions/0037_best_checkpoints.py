"""Checkpoints of the best step, from which only forks start."""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "checkpoints",
        sa.Column("for_resume", sa.Boolean(), nullable=False, server_default=sa.text("true")),
    )


def downgrade() -> None:
    # an earlier release would continue runs from them
    op.execute("DELETE FROM checkpoints WHERE NOT for_resume")
    op.drop_column("checkpoints", "for_resume")
