"""A summary of the rollbacks of each run, and what it was at each checkpoint."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

_TABLES = ("runs", "checkpoints")


def upgrade() -> None:
    for table in _TABLES:
        op.add_column(table, sa.Column("rollbacks", JSONB(none_as_null=True), nullable=True))


def downgrade() -> None:
    for table in _TABLES:
        op.drop_column(table, "rollbacks")
