"""Add to runs what they wait for, which depends on other rows than their own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue

from app.domain.runs import Run, RunStatus
from app.store.database import UnitOfWork
from app.store.workers import waiting_for


@dataclass(frozen=True, kw_only=True)
class DescribedRun:
    """A run and what it waits for."""

    run: Run
    #: What a queued run, or a paused running one, waits for; None when it does not wait.
    waiting_for: str | None
    #: Split -> its scores by horizon, series and class; empty where they were not read.
    score_details: Mapping[str, Mapping[str, JsonValue]] = field(default_factory=dict)


def describe_run(work: UnitOfWork, run: Run) -> DescribedRun:
    return DescribedRun(run=run, waiting_for=waiting_for(work.session, run))


def describe_runs(work: UnitOfWork, runs: Sequence[Run]) -> tuple[DescribedRun, ...]:
    """Describes runs, with one query for all queued runs that ask for the same of a worker."""
    free = [run for run in runs if _waits_for_a_worker(run)]
    wants = {_needs(run): run for run in free}
    waits = {needs: waiting_for(work.session, run) for needs, run in wants.items()}
    return tuple(
        DescribedRun(run=run, waiting_for=waits[_needs(run)])
        if _waits_for_a_worker(run)
        else describe_run(work, run)
        for run in runs
    )


def _waits_for_a_worker(run: Run) -> bool:
    return run.status is RunStatus.QUEUED and run.held_for is None


def _needs(run: Run) -> tuple[str, int]:
    return run.spec.training.device, run.expected_memory_bytes
