"""Preflights: runs of a few steps that do not appear in lists of runs."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

RUN_OVERVIEW = """
CREATE OR REPLACE VIEW run_overview AS
SELECT r.id AS run_id, r.workspace_id, w.name AS workspace, r.name, r.tags, r.model_kind,
       r.dataset_kind, r.status, r.stop_reason, r.error, r.verdict, r.finding_codes, r.attempt,
       r.created_at, r.started_at, r.ended_at, r.progress_step,
       (r.spec #>> '{training,num_steps}')::bigint AS num_steps, r.steps_per_second, r.metrics,
       r.device, r.probe_share, r.spec
FROM runs AS r
JOIN workspaces AS w ON w.id = r.workspace_id
"""


def upgrade() -> None:
    op.execute("ALTER TABLE runs ADD COLUMN preflight_steps INTEGER")
    op.execute(
        "CREATE INDEX ix_runs_preflights ON runs (ended_at) WHERE preflight_steps IS NOT NULL"
    )
    op.execute(RUN_OVERVIEW + "WHERE r.preflight_steps IS NULL")


def downgrade() -> None:
    # an older release would show preflights as runs that ended too early
    op.execute("DELETE FROM runs WHERE preflight_steps IS NOT NULL")
    op.execute(RUN_OVERVIEW)
    op.execute("ALTER TABLE runs DROP COLUMN preflight_steps")
