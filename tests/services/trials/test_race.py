"""Once a remedy has cured, runs of other remedies that take longer are stopped."""

from uuid import UUID

import pytest
from sqlalchemy import Engine, update

from app.domain.events import EventKind
from app.domain.runs import RunStatus, StopReason
from app.domain.trials.trial import RunStop, Trial, TrialEnd, TrialRun, TrialUntil
from app.domain.trials.verdict import TrialVerdict, judge
from app.services.telemetry.read_events import read_events
from app.services.trials.advance_trial import find_running_trial_of
from app.store.database import unit_of_work
from app.store.runs import find_run
from app.store.tables import runs
from tests.domain.builders import job
from tests.services.trials.site import CURED, SICK, Site, train
from tests.store.builders import claimed, queued_run

LONG_S = 1000.0


@pytest.fixture
def site(engine: Engine, committed_workspace_id: UUID) -> Site:
    with unit_of_work(engine) as work:
        queued = queued_run(
            work.session, committed_workspace_id, spec=job(training={"num_steps": 4})
        )
        train(work, claimed(work.session, queued.id), SICK, StopReason.COMPLETED)
        run = find_run(work.session, committed_workspace_id, queued.id)
    return Site(engine=engine, workspace_id=committed_workspace_id, run=run)


def race(site: Site, *, until: TrialUntil = TrialUntil.FIRST_CURE) -> None:
    """The first remedy has cured with both of its seeds; the second trains, the third waits."""
    site.start(until=until)
    site.end_run(1, 0, CURED)
    site.advance()
    site.end_run(1, 1, CURED)
    site.end_run(0, 0, SICK)
    site.claim(2, 0, seconds_ago=LONG_S)


def run_at(trial: Trial, arm: int) -> TrialRun:
    [found] = [one for one in trial.runs if one.arm == arm]
    return found


def test_a_run_that_took_longer_is_asked_to_stop_and_one_that_waits_is_not(site: Site) -> None:
    race(site)

    with unit_of_work(site.engine) as work:
        stopped = site.advance_in(work)

    trial = site.trial()
    assert stopped == (site.run_id_of(2, 0),)
    assert site.run_of(2, 0).cancel_requested_at is not None
    assert run_at(trial, 2).stopped_for is RunStop.FIRST_CURE
    assert site.run_of(3, 0).status is RunStatus.QUEUED
    assert run_at(trial, 3).stopped_for is None
    with unit_of_work(site.engine) as work:
        events = read_events(
            work, workspace_id=site.workspace_id, run_id=stopped[0], after=0, limit=100
        )
    reasons = [event.data.get("reason") for event in events if event.kind is EventKind.STATUS]
    assert reasons[-1] == "trial_first_cure"


def test_a_trial_ends_when_the_others_are_outrun(site: Site) -> None:
    race(site)
    site.advance()
    with unit_of_work(site.engine) as work:
        train(work, site.run_of(2, 0), SICK, StopReason.CANCELLED)
    site.claim(3, 0, seconds_ago=LONG_S)
    site.advance()
    with unit_of_work(site.engine) as work:
        train(work, site.run_of(3, 0), SICK, StopReason.CANCELLED)

    trial = site.advance()

    judged = [judge(trial, arm, is_over=True) for arm in (1, 2, 3)]
    assert trial.end_reason is TrialEnd.DECIDED
    assert [one.verdict for one in judged] == [
        TrialVerdict.CURED,
        TrialVerdict.INCONCLUSIVE,
        TrialVerdict.INCONCLUSIVE,
    ]
    assert "first had cured in less time" in judged[1].reason
    assert site.num_children() == 5


def test_a_trial_that_is_to_decide_every_remedy_stops_none(site: Site) -> None:
    race(site, until=TrialUntil.DECIDED)

    with unit_of_work(site.engine) as work:
        stopped = site.advance_in(work)

    assert stopped == ()
    assert site.trial().until is TrialUntil.DECIDED


def test_a_run_that_has_learned_the_task_ends_by_itself(site: Site) -> None:
    race(site)
    metrics = {"validation": {"mse": CURED}}
    with unit_of_work(site.engine) as work:
        of_run = update(runs).where(runs.c.id == site.run_id_of(2, 0))
        work.session.execute(of_run.values(metrics=metrics))

    with unit_of_work(site.engine) as work:
        assert site.advance_in(work) == ()


def test_asking_again_changes_nothing(site: Site) -> None:
    race(site)
    site.advance()
    asked = site.run_of(2, 0)

    site.advance()

    assert site.run_of(2, 0).cancel_requested_at == asked.cancel_requested_at
    assert run_at(site.trial(), 2).stopped_for is RunStop.FIRST_CURE


def test_the_trial_of_a_run_is_found_while_it_has_not_ended(site: Site) -> None:
    trial = site.start(kinds=("first",))
    run_id = site.run_id_of(1, 0)
    with unit_of_work(site.engine) as work:
        assert find_running_trial_of(work, run_id) == trial.id
        assert find_running_trial_of(work, site.run.id) is None
    site.end_run(0, 0, SICK)
    site.end_run(1, 0, SICK)
    site.advance()

    with unit_of_work(site.engine) as work:
        assert find_running_trial_of(work, run_id) is None
