"""Views that show telemetry as plain rows, and a role that may read only these views."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

READER = "clinic_reader"

#: One row per run.
RUN_OVERVIEW = """
CREATE VIEW run_overview AS
SELECT r.id AS run_id, r.workspace_id, w.name AS workspace, r.name, r.tags, r.model_kind,
       r.dataset_kind, r.status, r.stop_reason, r.error, r.verdict, r.finding_codes, r.attempt,
       r.created_at, r.started_at, r.ended_at, r.progress_step,
       (r.spec #>> '{training,num_steps}')::bigint AS num_steps, r.steps_per_second, r.metrics,
       r.device, r.probe_share, r.spec
FROM runs AS r
JOIN workspaces AS w ON w.id = r.workspace_id
"""

#: One row per step. The time of a step is that of its chunk, minus the difference on the training
#: clock.
TELEMETRY = """
CREATE VIEW telemetry AS
SELECT c.run_id, c.attempt, s.step,
       c.recorded_at - (c.elapsed_s[cardinality(c.elapsed_s)] - s.elapsed_s) * interval '1 second'
           AS recorded_at,
       s.loss, s.grad_norm, s.clip_coefficient, s.update_ratio, s.learning_rate, s.elapsed_s,
       s.non_finite_count
FROM telemetry_chunks AS c
CROSS JOIN LATERAL unnest(c.steps, c.loss, c.grad_norm, c.clip_coefficient, c.update_ratio,
                          c.learning_rate, c.elapsed_s, c.non_finite_count)
    AS s(step, loss, grad_norm, clip_coefficient, update_ratio, learning_rate, elapsed_s,
         non_finite_count)
"""

#: One row per step and tensor. unnest() flattens a matrix row by row, so that the ordinal gives
#: both indexes.
TENSOR_TELEMETRY = """
CREATE VIEW tensor_telemetry AS
SELECT c.run_id, c.attempt,
       c.steps[(v.ordinal - 1) / cardinality(r.tensor_names) + 1] AS step,
       c.recorded_at,
       r.tensor_names[(v.ordinal - 1) % cardinality(r.tensor_names) + 1] AS tensor,
       v.grad_norm, v.weight_norm, v.update_ratio, v.zero_fraction
FROM telemetry_chunks AS c
JOIN runs AS r ON r.id = c.run_id AND cardinality(r.tensor_names) > 0
CROSS JOIN LATERAL unnest(c.tensor_grad_norm, c.tensor_weight_norm, c.tensor_update_ratio,
                          c.tensor_zero_fraction) WITH ORDINALITY
    AS v(grad_norm, weight_norm, update_ratio, zero_fraction, ordinal)
"""

#: One row per probe, scope, path and lag; natural logarithms.
GRADIENT_FLOW = """
CREATE VIEW gradient_flow AS
SELECT p.run_id, p.attempt, p.step, p.recorded_at, p.scope, p.layer, p.direction, p.path,
       (v.ordinal - 1)::integer AS lag, v.log_norm, v.num_anchors, p.shape, p.decay_rate,
       p.horizon, p.horizon_censored, p.required_lag, p.ratio AS ratio_at_required_lag
FROM probe_readings AS p
CROSS JOIN LATERAL unnest(p.log_norm, p.num_anchors) WITH ORDINALITY
    AS v(log_norm, num_anchors, ordinal)
"""

VIEWS = {
    "run_overview": RUN_OVERVIEW,
    "telemetry": TELEMETRY,
    "tensor_telemetry": TENSOR_TELEMETRY,
    "gradient_flow": GRADIENT_FLOW,
}

#: Roles belong to the whole server: it may exist already, or the user may not create roles.
MAKE_READER = f"""
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{READER}') THEN
        CREATE ROLE {READER} NOLOGIN;
    END IF;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN NULL;
    WHEN insufficient_privilege THEN
        RAISE NOTICE 'not allowed to create role {READER}; grant SELECT on the views by hand';
END
$$
"""

LET_READ = f"""
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{READER}') THEN
        GRANT SELECT ON {", ".join(VIEWS)} TO {READER};
    END IF;
END
$$
"""


def upgrade() -> None:
    for view in VIEWS.values():
        op.execute(view)
    op.execute(MAKE_READER)
    op.execute(LET_READ)


def downgrade() -> None:
    # the role is kept, because other databases of the same server may use it
    for name in reversed(VIEWS):
        op.execute(f"DROP VIEW {name}")
