"""The audit log.

Its rows have no foreign keys: an act is kept when its workspace, its key or its subject is deleted.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.migration import refuse_to_lose

revision = "0016"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audited_acts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column(
            "detail",
            postgresql.JSONB(none_as_null=True),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audited_acts")),
    )
    op.create_index(
        op.f("ix_audited_acts_workspace_id_created_at_id"),
        "audited_acts",
        ["workspace_id", "created_at", "id"],
    )
    op.create_index(op.f("ix_audited_acts_created_at_id"), "audited_acts", ["created_at", "id"])


def downgrade() -> None:
    refuse_to_lose("audited_acts")
    op.drop_table("audited_acts")
