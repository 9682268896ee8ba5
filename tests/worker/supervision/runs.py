"""Runs as tests of the supervision need them."""

from datetime import UTC, datetime
from uuid import UUID

from app.domain.runs import Run, RunStatus
from app.domain.specs.job import JobSpec

#: Training that lasts long enough to be killed in its middle, whatever the machine.
ENDLESS = {"num_steps": 1_000_000, "batch_size": 4, "evaluate_every": 1_000_000}


def make_spec(**changes: object) -> JobSpec:
    """A small elman network on `adding` that trains for a few steps."""
    body: dict[str, object] = {
        "model": {"kind": "elman", "hidden_size": 4},
        "dataset": {"kind": "adding", "length": 10},
        "training": {"num_steps": 20, "batch_size": 4},
    }
    return JobSpec.model_validate(body | changes)


def make_run(*, spec: JobSpec | None = None, attempt: int = 1) -> Run:
    return Run(
        id=UUID(int=1),
        workspace_id=UUID(int=2),
        name="",
        tags=(),
        notes="",
        spec=spec or make_spec(),
        status=RunStatus.RUNNING,
        stop_reason=None,
        error=None,
        attempt=attempt,
        version=1,
        priority=0,
        crash_count=0,
        cancel_requested_at=None,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        started_at=None,
        ended_at=None,
        progress_step=0,
        steps_per_second=None,
        metrics={},
        best=None,
        task=None,
        device=None,
        worker_id=None,
        tensor_names=(),
        probe_share=None,
        probe_seconds=None,
        verdict=None,
        finding_codes=(),
        is_diagnosis_final=False,
        parent_run_id=None,
        parent_step=None,
    )
