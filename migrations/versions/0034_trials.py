"""Trials of remedies, and what a run was made for."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import JSONB

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("purpose", sa.Text(), nullable=True))
    op.add_column("runs", sa.Column("remedy", sa.Text(), nullable=True))
    _create_trials()
    op.create_table(
        "trial_runs",
        sa.Column("trial_id", sa.Uuid(), nullable=False),
        sa.Column("arm", sa.Integer(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("outcome", JSONB(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["trial_id"], ["trials.id"], name="fk_trial_runs_trial_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name="fk_trial_runs_run_id", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("trial_id", "arm", "seed", name="pk_trial_runs"),
    )
    op.create_index("ix_trial_runs_run_id", "trial_runs", ["run_id"])


def _create_trials() -> None:
    op.create_table(
        "trials",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False, server_default="running"),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False, server_default=sa.text("1")),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            nullable=False,
            server_default=sa.text("now()"),
        ),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("arms", JSONB(none_as_null=True), nullable=False),
        sa.Column("seeds", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("budget", sa.Double(), nullable=False),
        sa.Column("run_seconds", sa.Double(), nullable=False),
        sa.Column("own", JSONB(none_as_null=True), nullable=True),
        sa.CheckConstraint("status IN ('running', 'ended', 'cancelled')", name="ck_trials_status"),
        sa.CheckConstraint("(ended_at IS NULL) = (status = 'running')", name="ck_trials_ended_at"),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name="fk_trials_workspace_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name="fk_trials_run_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_trials"),
    )
    op.create_index("ix_trials_run_id_created_at", "trials", ["run_id", "created_at"])
    op.create_index("ix_trials_workspace_id", "trials", ["workspace_id"])
    op.create_index(
        "uq_trials_running",
        "trials",
        ["run_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("trial_runs")
    op.drop_table("trials")
    op.drop_column("runs", "remedy")
    op.drop_column("runs", "purpose")
