"""How long a trial goes on, and why it stopped a run."""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # trials of an earlier release went on until every remedy was decided
    op.add_column("trials", sa.Column("until", sa.Text(), nullable=False, server_default="decided"))
    name = op.f("ck_trials_until")
    op.create_check_constraint(name, "trials", "until IN ('first_cure', 'decided')")
    op.add_column("trial_runs", sa.Column("stopped_for", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("trial_runs", "stopped_for")
    op.drop_column("trials", "until")
