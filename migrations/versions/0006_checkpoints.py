"""Checkpoints, from which runs continue after their process or their worker has died."""

from alembic import op

from app.migration import refuse_to_lose

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

CHECKPOINTS = """
CREATE TABLE checkpoints (
    run_id UUID NOT NULL,
    step BIGINT NOT NULL,
    attempt INTEGER NOT NULL,
    name TEXT NOT NULL,
    num_bytes BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    takes TEXT DEFAULT 'all' NOT NULL,
    next_seq BIGINT DEFAULT 0 NOT NULL,
    progress_at TIMESTAMP WITH TIME ZONE,
    steps_per_second DOUBLE PRECISION,
    metrics JSONB DEFAULT '{}' NOT NULL,
    best JSONB,
    probe_share DOUBLE PRECISION,
    probe_seconds DOUBLE PRECISION,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_checkpoints PRIMARY KEY (run_id, step),
    CONSTRAINT fk_checkpoints_run_id FOREIGN KEY (run_id) REFERENCES runs (id) ON DELETE CASCADE
)
"""


def upgrade() -> None:
    op.execute(CHECKPOINTS)
    op.execute("ALTER TABLE runs ADD COLUMN followed_steps INTEGER[] DEFAULT '{}' NOT NULL")
    op.execute("ALTER TABLE runs ADD COLUMN is_continued_bitwise BOOLEAN")


def downgrade() -> None:
    refuse_to_lose("checkpoints")
    op.execute("ALTER TABLE runs DROP COLUMN is_continued_bitwise")
    op.execute("ALTER TABLE runs DROP COLUMN followed_steps")
    op.drop_table("checkpoints")
