"""Trials with keyword defaults: a test names only what matters to it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from pydantic import JsonValue

from app.domain.runs import StopReason
from app.domain.specs.patch import as_document, patched
from app.domain.trials.trial import (
    CONTROL,
    Arm,
    Outcome,
    Place,
    RunStop,
    Trial,
    TrialRun,
    TrialStatus,
    TrialUntil,
)
from tests.domain.builders import job

RUN_SECONDS = 10.0


def outcome(
    progress: float | None = 0.0,
    *,
    stop_reason: StopReason = StopReason.COMPLETED,
    seconds: float = RUN_SECONDS,
) -> Outcome:
    """An ended run with this progress on test data; None is a run without scores."""
    return Outcome(
        stop_reason=stop_reason,
        step=100,
        seconds=seconds,
        progress={} if progress is None else {"test": progress},
    )


def arm(remedy: str | None) -> Arm:
    patch: dict[str, JsonValue] = {} if remedy is None else {"training": {"batch_size": 64}}
    return Arm(remedy=remedy, patch=patch, reason="", body=as_document(patched(job(), patch)))


def trial(
    *remedies: Mapping[int, Outcome | None],
    control: Mapping[int, Outcome | None],
    own: Outcome | None = None,
    num_seeds: int = 3,
    budget: float = 100.0,
    until: TrialUntil = TrialUntil.FIRST_CURE,
) -> Trial:
    """A trial whose arms have these runs, by seed; None is a run that has not ended."""
    arms = (control, *remedies)
    return Trial(
        id=UUID(int=7),
        workspace_id=UUID(int=2),
        run_id=UUID(int=1),
        status=TrialStatus.RUNNING,
        end_reason=None,
        version=1,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        ended_at=None,
        arms=[arm(None if place == CONTROL else f"remedy_{place}") for place in range(len(arms))],
        seeds=tuple(range(100, 100 + num_seeds)),
        budget=budget,
        run_seconds=RUN_SECONDS,
        own=own,
        until=until,
        runs=[
            TrialRun(arm=place, seed=seed, run_id=UUID(int=100 * place + seed), outcome=found)
            for place, of_arm in enumerate(arms)
            for seed, found in of_arm.items()
        ],
    )


def with_stop(found: Trial, place: Place, reason: RunStop) -> Trial:
    """The trial after it has asked this run to stop."""
    runs = [replace(one, stopped_for=reason) if one.place == place else one for one in found.runs]
    return replace(found, runs=runs)
