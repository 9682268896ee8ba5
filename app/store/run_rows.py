"""A row of `runs` as the domain's Run."""

from sqlalchemy import RowMapping

from app.domain.runs import BestScore, Run, RunStatus, StopReason
from app.domain.specs.job import JobSpec
from app.domain.task import TaskFacts

_AS_THEY_ARE = (
    "id",
    "workspace_id",
    "name",
    "notes",
    "error",
    "attempt",
    "version",
    "priority",
    "crash_count",
    "cancel_requested_at",
    "created_at",
    "started_at",
    "ended_at",
    "progress_step",
    "steps_per_second",
    "metrics",
    "device",
    "worker_id",
    "probe_share",
    "probe_seconds",
    "verdict",
    "is_diagnosis_final",
    "parent_run_id",
    "parent_step",
    "preflight_steps",
    "is_continued_bitwise",
    "waits_for_database",
    "telemetry_dropped_at",
)


def run_of(row: RowMapping) -> Run:
    reason, best, task = row["stop_reason"], row["best"], row["task"]
    return Run(
        spec=JobSpec.model_validate(row["spec"]),
        status=RunStatus(row["status"]),
        stop_reason=None if reason is None else StopReason(reason),
        best=None if best is None else BestScore(**best),
        task=None if task is None else TaskFacts.model_validate(task),
        tags=tuple(row["tags"]),
        tensor_names=tuple(row["tensor_names"]),
        finding_codes=tuple(row["finding_codes"]),
        **{name: row[name] for name in _AS_THEY_ARE},
    )
