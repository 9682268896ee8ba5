"""Artifacts: the files that a run leaves at its end."""

from alembic import op

from app.migration import refuse_to_lose

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

ARTIFACTS = """
CREATE TABLE artifacts (
    run_id UUID NOT NULL,
    name TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    kind TEXT NOT NULL,
    stored_name TEXT NOT NULL,
    num_bytes BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    step BIGINT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_artifacts PRIMARY KEY (run_id, name),
    CONSTRAINT fk_artifacts_run_id FOREIGN KEY (run_id) REFERENCES runs (id) ON DELETE CASCADE
)
"""


def upgrade() -> None:
    op.execute(ARTIFACTS)


def downgrade() -> None:
    refuse_to_lose("artifacts")
    op.drop_table("artifacts")
