"""Predictions by the weights of runs."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("predictions", *_columns(), *_constraints())
    for name, columns, where in (
        ("workspace_id_created_at", ["workspace_id", "created_at"], None),
        ("run_id", ["run_id"], None),
        ("dataset_id", ["dataset_id"], None),
        ("unfinished", ["created_at"], "ended_at IS NULL"),
        ("ended", ["ended_at"], "ended_at IS NOT NULL"),
    ):
        condition = None if where is None else sa.text(where)
        op.create_index(
            f"ix_predictions_{name}", "predictions", columns, postgresql_where=condition
        )


def _columns() -> list[sa.Column[object]]:
    return [
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("weights", sa.Text(), nullable=False),
        sa.Column("source_kind", sa.Text(), nullable=False),
        sa.Column("source_content", sa.LargeBinary(), nullable=True),
        sa.Column("dataset_id", sa.Uuid(), nullable=True),
        sa.Column("num_bytes", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("status", sa.Text(), nullable=False, server_default="queued"),
        sa.Column("attempt", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("version", sa.BigInteger(), nullable=False, server_default=sa.text("1")),
        _time("lease_expires_at"),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            nullable=False,
            server_default=sa.text("now()"),
        ),
        _time("started_at"),
        _time("ended_at"),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("failure", postgresql.JSONB(none_as_null=True), nullable=True),
    ]


def _constraints() -> list[sa.Constraint]:
    references = {"workspace_id": "workspaces", "run_id": "runs", "dataset_id": "datasets"}
    checks = {
        "status": "status IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')",
        "ended_at": "(ended_at IS NULL) = (status IN ('queued', 'running'))",
        "lease": "status <> 'running' OR lease_expires_at IS NOT NULL",
    }
    return [
        sa.PrimaryKeyConstraint("id", name="pk_predictions"),
        *(
            sa.ForeignKeyConstraint(
                [column],
                [f"{table}.id"],
                name=f"fk_predictions_{column}",
                ondelete="SET NULL" if column == "dataset_id" else "CASCADE",
            )
            for column, table in references.items()
        ),
        *(
            sa.CheckConstraint(condition, name=f"ck_predictions_{name}")
            for name, condition in checks.items()
        ),
    ]


def _time(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=True)


def downgrade() -> None:
    op.drop_table("predictions")
