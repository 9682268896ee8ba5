"""A run that asks for it has its remedies tried, once, after a critical finding ended it."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.domain.quotas import Quotas
from app.domain.runs import Run, StopReason
from app.queue import RunQueue
from app.services.trials.start_wanted_trial import find_wanted_trials, start_wanted_trial
from app.store import wanted_trials
from app.store.database import UnitOfWork, unit_of_work
from tests.api.conftest import Clinic
from tests.api.trials.sick_runs import sick_run
from worker.supervision.trial_records import TrialRecords


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """What the sweep of a worker does about wanted trials."""

    clinic: Clinic
    client: httpx.Client

    def start_wanted(self, quotas: Quotas | None = None) -> None:
        settings = self.clinic.settings
        TrialRecords(
            engine=self.clinic.engine,
            queue=RunQueue(settings.broker_url),
            quotas=quotas or settings.quotas,
            time_limits=settings.time_limits,
            on_stop=lambda _: None,
        ).start_wanted()

    def start_in(self, work: UnitOfWork, run: Run) -> None:
        settings = self.clinic.settings
        start_wanted_trial(
            work,
            workspace_id=run.workspace_id,
            run_id=run.id,
            queue=RunQueue(settings.broker_url),
            quotas=settings.quotas,
            time_limits=settings.time_limits,
        )

    def wanted(self) -> list[UUID]:
        with unit_of_work(self.clinic.engine) as work:
            return [run_id for _, run_id in find_wanted_trials(work)]

    def trials(self, run: Run) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.client.get(f"/v1/runs/{run.id}/trials").json()["items"]
        return found

    def told(self, run: Run) -> list[dict[str, Any]]:
        """The data of the events `trial`, which are the last ones."""
        items = self.client.get(f"/v1/runs/{run.id}/events", params={"limit": 200}).json()["items"]
        after_end = [one["kind"] for one in items].index("end") + 1
        assert {one["kind"] for one in items[after_end:]} <= {"trial"}
        return [one["data"] for one in items if one["kind"] == "trial"]


@pytest.fixture
def sweep(clinic: Clinic, client: httpx.Client) -> Sweep:
    return Sweep(clinic=clinic, client=client)


def critical_run(clinic: Clinic, reaction: str = "trial") -> Run:
    return sick_run(clinic, StopReason.CRITICAL_FINDING, reaction=reaction)


def test_the_remedies_of_a_run_that_a_critical_finding_ended_are_tried_once(
    clinic: Clinic, sweep: Sweep
) -> None:
    run = critical_run(clinic)
    assert sweep.wanted() == [run.id]

    for _ in range(2):
        sweep.start_wanted()

    [trial] = sweep.trials(run)
    assert sweep.told(run) == [{"trial_id": trial["id"], "error": None}]
    assert (trial["status"], trial["until"]) == ("running", "first_cure")
    assert 1 <= len(trial["remedies"]) <= 3
    assert sweep.wanted() == []
    [untreated] = trial["control"]["runs"]
    spec = sweep.client.get(f"/v1/runs/{untreated['run_id']}").json()["spec"]
    assert spec["training"]["on_finding"] == {"critical": "continue"}


def test_a_sweep_starts_a_bounded_number_of_trials_the_oldest_first(
    clinic: Clinic, sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wanted_trials, "MAX_PER_SWEEP", 1)
    first, second = critical_run(clinic), critical_run(clinic)
    assert sweep.wanted() == [first.id]

    sweep.start_wanted()

    assert sweep.wanted() == [second.id]


@pytest.mark.parametrize(
    ("reason", "reaction"),
    [
        (StopReason.CRITICAL_FINDING, "stop"),
        (StopReason.DIVERGED, "trial"),
    ],
)
def test_no_other_run_has_its_remedies_tried(
    clinic: Clinic, sweep: Sweep, reason: StopReason, reaction: str
) -> None:
    run = sick_run(clinic, reason, reaction=reaction)

    sweep.start_wanted()

    assert sweep.trials(run) == []
    assert sweep.told(run) == []


def test_a_refusal_is_told_once_and_the_trial_can_be_posted_later(
    clinic: Clinic, sweep: Sweep
) -> None:
    run = critical_run(clinic)

    for _ in range(2):
        sweep.start_wanted(Quotas(max_queued_runs=1))

    [told] = sweep.told(run)
    assert told["trial_id"] is None
    assert "queue" in told["error"]
    assert sweep.trials(run) == []
    listed = sweep.client.get("/v1/runs", params={"parent_id": str(run.id)}).json()
    assert listed["items"] == []
    assert sweep.client.post(f"/v1/runs/{run.id}/trials", json={}).status_code == 201


def test_a_trial_that_a_client_has_started_meanwhile_is_the_only_one(
    clinic: Clinic, sweep: Sweep
) -> None:
    run = critical_run(clinic)
    assert sweep.client.post(f"/v1/runs/{run.id}/trials", json={}).status_code == 201

    sweep.start_wanted()

    assert len(sweep.trials(run)) == 1
    assert sweep.told(run)[0]["trial_id"] is None


def test_a_process_that_dies_while_it_starts_a_trial_leaves_it_to_another(
    clinic: Clinic, sweep: Sweep
) -> None:
    run = critical_run(clinic)
    with suppress(ZeroDivisionError), unit_of_work(clinic.engine) as work:
        sweep.start_in(work, run)
        raise ZeroDivisionError
    assert sweep.trials(run) == []
    assert sweep.told(run) == []

    sweep.start_wanted()

    assert len(sweep.trials(run)) == 1


def test_two_processes_do_not_start_a_trial_at_once(clinic: Clinic, sweep: Sweep) -> None:
    run = critical_run(clinic)

    with unit_of_work(clinic.engine) as first:
        sweep.start_in(first, run)
        with unit_of_work(clinic.engine) as second:
            sweep.start_in(second, run)

    assert len(sweep.trials(run)) == 1
    assert len(sweep.told(run)) == 1
