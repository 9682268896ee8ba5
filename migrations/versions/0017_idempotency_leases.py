"""Idempotency keys are leased while the first request with them is being worked on.

An older release cannot read leases, so that going down deletes them: their requests fail.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

TABLE = "idempotency_keys"
ANSWER = ("status", "body")


def upgrade() -> None:
    op.add_column(TABLE, sa.Column("lease_token", sa.Uuid()))
    op.add_column(TABLE, sa.Column("lease_expires_at", sa.DateTime(timezone=True)))
    for column in ANSWER:
        op.alter_column(TABLE, column, nullable=True)


def downgrade() -> None:
    op.execute("DELETE FROM idempotency_keys WHERE status IS NULL")
    for column in ANSWER:
        op.alter_column(TABLE, column, nullable=False)
    op.drop_column(TABLE, "lease_expires_at")
    op.drop_column(TABLE, "lease_token")
