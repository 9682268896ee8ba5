"""Data sets from Parquet and JSON lines."""

from alembic import op

from app.migration import refuse_to_lose

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _allow("'csv', 'parquet', 'jsonl', 'text'")


def downgrade() -> None:
    refuse_to_lose("datasets", where="kind IN ('parquet', 'jsonl')")
    op.execute("DELETE FROM datasets WHERE kind IN ('parquet', 'jsonl')")
    _allow("'csv', 'text'")


def _allow(kinds: str) -> None:
    op.execute("ALTER TABLE datasets DROP CONSTRAINT ck_datasets_kind")
    op.execute(f"ALTER TABLE datasets ADD CONSTRAINT ck_datasets_kind CHECK (kind IN ({kinds}))")
