"""Say of runs what their own rows do not: what they wait for."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.runs import Run, RunStatus
from app.store.database import UnitOfWork
from app.store.workers import waiting_for


@dataclass(frozen=True, kw_only=True)
class DescribedRun:
    """A run and its standing among the others."""

    run: Run
    #: What a queued run waits for, or a running one that stands still; None without a wait.
    waiting_for: str | None


def describe_run(work: UnitOfWork, run: Run) -> DescribedRun:
    return DescribedRun(run=run, waiting_for=waiting_for(work.session, run))


def describe_runs(work: UnitOfWork, runs: Sequence[Run]) -> tuple[DescribedRun, ...]:
    """Queued runs that want the same device wait for the same, and are asked for once."""
    wants = {run.spec.training.device: run for run in runs if run.status is RunStatus.QUEUED}
    waits = {device: waiting_for(work.session, run) for device, run in wants.items()}
    return tuple(
        DescribedRun(run=run, waiting_for=waits[run.spec.training.device])
        if run.status is RunStatus.QUEUED
        else describe_run(work, run)
        for run in runs
    )
