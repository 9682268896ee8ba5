"""Results of experiments in the diagnosis of the run whose causes they test."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "runs",
        sa.Column("is_result_due", sa.Boolean(), nullable=False, server_default=sa.text("false")),
    )
    op.create_index(
        "ix_runs_results_due",
        "runs",
        ["parent_run_id"],
        postgresql_where=sa.text("is_result_due"),
    )
    op.add_column(
        "diagnoses",
        sa.Column("experiment_results", JSONB(), nullable=False, server_default=sa.text("'[]'")),
    )


def downgrade() -> None:
    op.drop_column("diagnoses", "experiment_results")
    op.drop_index("ix_runs_results_due", table_name="runs")
    op.drop_column("runs", "is_result_due")
