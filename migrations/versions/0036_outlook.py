"""The outlook of a running run; diagnoses that were stored before have none."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("diagnoses", sa.Column("outlook", JSONB(), nullable=True))


def downgrade() -> None:
    op.drop_column("diagnoses", "outlook")
