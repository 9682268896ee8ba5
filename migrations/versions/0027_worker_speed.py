"""How much slower than the formula of the estimate a worker trains."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("workers", sa.Column("slowness", sa.Double(), nullable=True))


def downgrade() -> None:
    op.drop_column("workers", "slowness")
