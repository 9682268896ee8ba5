"""Facts of the whole installation: the fingerprint of the secret that its API keys need."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

INSTALLATION = """
CREATE TABLE installation (
    id SMALLINT NOT NULL,
    secret_fingerprint BYTEA NOT NULL,
    CONSTRAINT pk_installation PRIMARY KEY (id),
    CONSTRAINT ck_installation_is_one CHECK (id = 1)
)
"""


def upgrade() -> None:
    op.execute(INSTALLATION)


def downgrade() -> None:
    op.drop_table("installation")
