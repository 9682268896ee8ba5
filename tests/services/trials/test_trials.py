"""A trial goes on by its runs alone: whoever advances it, and however often that dies."""

from contextlib import suppress
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, select, update

from app.domain.errors import IllegalTransition, NothingToTry, QueueFull, TrialInProgress
from app.domain.quotas import Quotas
from app.domain.runs import RunStatus, StopReason
from app.domain.specs.lineage import RunPurpose
from app.domain.specs.patch import as_document, patched
from app.domain.time_limits import TimeLimits
from app.domain.trials.trial import CONTROL, Trial, TrialEnd, TrialStatus
from app.domain.trials.verdict import TrialVerdict, judge
from app.services.trials.advance_trial import DELETED, find_running_trials
from app.services.trials.cancel_trial import cancel_trial
from app.services.trials.read_trial import list_trials, read_trial
from app.store.database import unit_of_work
from app.store.runs import delete_run, find_run, request_cancel
from app.store.tables import runs, trial_runs, trials
from tests.domain.builders import job
from tests.domain.trials.test_plan import remedy
from tests.services.trials.site import CURED, SICK, Site, train
from tests.store.builders import claimed, queued_run


@pytest.fixture
def site(engine: Engine, committed_workspace_id: UUID) -> Site:
    with unit_of_work(engine) as work:
        queued = queued_run(
            work.session, committed_workspace_id, spec=job(training={"num_steps": 4})
        )
        train(work, claimed(work.session, queued.id), SICK, StopReason.COMPLETED)
        run = find_run(work.session, committed_workspace_id, queued.id)
    return Site(engine=engine, workspace_id=committed_workspace_id, run=run)


def test_a_trial_begins_with_one_run_of_every_arm(site: Site) -> None:
    trial = site.start()

    assert site.places() == {(arm, 0) for arm in range(4)}
    control, treated = site.run_of(CONTROL, 0), site.run_of(2, 0)
    assert (control.purpose, control.remedy) == (RunPurpose.CONTROL, None)
    assert (treated.purpose, treated.remedy) == (RunPurpose.REMEDY, "second")
    assert treated.parent_run_id == site.run.id
    assert control.spec.training.seed == treated.spec.training.seed == trial.seeds[0]
    assert control.spec.training.seed != site.run.spec.training.seed
    assert treated.spec.training.batch_size == 64
    assert trial.own is not None
    assert trial.seeds[1] == site.run.spec.training.seed


def test_a_trial_that_does_not_fit_the_quota_queues_nothing(site: Site) -> None:
    site.quotas = Quotas(max_queued_runs=3)

    with pytest.raises(QueueFull):
        site.start()

    assert site.num_children() == 0
    with unit_of_work(site.engine) as work:
        assert find_running_trials(work) == []


def test_a_run_has_one_trial_at_a_time(site: Site) -> None:
    site.start()

    with pytest.raises(TrialInProgress):
        site.start()

    assert site.num_children() == 4


def test_a_run_whose_task_is_unknown_has_nothing_to_gain(site: Site) -> None:
    with unit_of_work(site.engine) as work:
        work.session.execute(update(runs).where(runs.c.id == site.run.id).values(task=None))

    with pytest.raises(NothingToTry):
        site.start()


def test_a_trial_says_which_remedy_cured_and_ends(site: Site) -> None:
    site.start()
    for arm, mse in ((0, SICK), (1, SICK), (2, CURED), (3, SICK)):
        site.end_run(arm, 0, mse)

    site.advance()
    assert site.places() == {(arm, 0) for arm in range(4)} | {(2, 1)}
    site.end_run(2, 1, CURED)
    trial = site.advance()

    assert (trial.status, trial.end_reason) == (TrialStatus.ENDED, TrialEnd.DECIDED)
    assert trial.ended_at is not None
    verdicts = [judge(trial, arm, is_over=True).verdict for arm in (1, 2, 3)]
    assert verdicts == [TrialVerdict.UNCHANGED, TrialVerdict.CURED, TrialVerdict.UNCHANGED]
    assert site.num_children() == 5


def test_advancing_again_queues_nothing_twice(site: Site) -> None:
    site.start()
    site.end_run(1, 0, CURED)

    for _ in range(3):
        site.advance()

    assert site.places() == {*((arm, 0) for arm in range(4)), (1, 1)}
    assert site.num_children() == 5


def test_a_process_that_dies_while_it_advances_leaves_the_trial_as_it_was(site: Site) -> None:
    site.start()
    site.end_run(1, 0, CURED)
    with suppress(ZeroDivisionError), unit_of_work(site.engine) as work:
        site.advance_in(work)
        raise ZeroDivisionError
    assert site.num_children() == 4
    assert all(one.outcome is None for one in site.trial().runs)

    site.advance()

    assert site.num_children() == 5


def test_two_processes_do_not_advance_a_trial_at_once(site: Site) -> None:
    site.start()
    site.end_run(1, 0, CURED)

    with unit_of_work(site.engine) as first:
        site.advance_in(first)
        with unit_of_work(site.engine) as second:
            site.advance_in(second)

    assert site.num_children() == 5


def test_a_cancelled_trial_cancels_its_runs(site: Site) -> None:
    trial = site.start()
    site.end_run(1, 0, CURED)
    with unit_of_work(site.engine) as work:
        claimed(work.session, site.run_id_of(2, 0))

    def cancel() -> Trial:
        with unit_of_work(site.engine) as work:
            return cancel_trial(
                work, workspace_id=site.workspace_id, run_id=site.run.id, trial_id=trial.id
            ).trial

    cancelled = cancel()

    assert (cancelled.status, cancelled.end_reason) == (TrialStatus.CANCELLED, TrialEnd.CANCELLED)
    assert site.run_of(0, 0).status is RunStatus.CANCELLED
    assert site.run_of(1, 0).status is RunStatus.SUCCEEDED
    assert site.run_of(2, 0).cancel_requested_at is not None
    assert site.advance().version == cancelled.version
    with pytest.raises(IllegalTransition):
        cancel()


def test_a_deleted_run_is_not_trained_again(site: Site) -> None:
    site.start(kinds=("first",))
    with unit_of_work(site.engine) as work:
        delete_run(work.session, site.workspace_id, site.run_id_of(1, 0))
    site.end_run(0, 0, SICK)

    trial = site.advance()

    assert trial.status is TrialStatus.ENDED
    [deleted] = [one for one in trial.runs if one.arm == 1]
    assert deleted.outcome is not None
    assert deleted.outcome.error == DELETED
    assert judge(trial, 1, is_over=True).verdict is TrialVerdict.INCONCLUSIVE


def test_a_run_that_a_client_cancels_decides_nothing(site: Site) -> None:
    site.start(kinds=("first",))
    with unit_of_work(site.engine) as work:
        request_cancel(work.session, site.workspace_id, site.run_id_of(1, 0))
    site.end_run(0, 0, SICK)

    trial = site.advance()

    assert judge(trial, 1, is_over=True).verdict is TrialVerdict.INCONCLUSIVE


def test_a_full_queue_delays_the_next_run(site: Site) -> None:
    site.start(kinds=("first",))
    site.end_run(0, 0, SICK)
    site.end_run(1, 0, CURED)

    site.quotas = Quotas(max_queued_runs=0)
    assert site.advance().status is TrialStatus.RUNNING
    assert site.num_children() == 2

    site.quotas = Quotas()
    site.advance()
    assert site.places() == {(0, 0), (1, 0), (1, 1)}


def test_an_arm_whose_spec_is_refused_meanwhile_is_left_out(site: Site) -> None:
    slow = site.run.spec.model_copy(
        update={"training": site.run.spec.training.model_copy(update={"time_limit_s": 60.0})}
    )
    with unit_of_work(site.engine) as work:
        work.session.execute(
            update(runs).where(runs.c.id == site.run.id).values(spec=as_document(slow))
        )
    trial = site.start(kinds=("first",))
    document = as_document(patched(slow, remedy("first").patch))
    with unit_of_work(site.engine) as work:
        stored = work.session.execute(select(trials.c.arms)).scalar_one()
        assert isinstance(stored, list)
        arms = [stored[0], {**stored[1], "body": document}]
        work.session.execute(update(trials).where(trials.c.id == trial.id).values(arms=arms))
    site.end_run(0, 0, SICK)
    site.end_run(1, 0, CURED)
    site.time_limits = TimeLimits(max_s=10.0)

    found = site.advance()

    assert (found.status, site.num_children()) == (TrialStatus.ENDED, 2)
    [refused] = [one for one in found.runs if (one.arm, one.seed) == (1, 1)]
    assert refused.run_id is None
    assert refused.outcome is not None
    assert str(refused.outcome.error).startswith("The run could not be queued: ")
    # its first run tells what it does
    assert judge(found, 1, is_over=True).verdict is TrialVerdict.CURED


def test_a_trial_whose_budget_is_spent_stops_its_runs_and_ends(site: Site) -> None:
    site.start(kinds=("first",), budget=1e-9)
    with unit_of_work(site.engine) as work:
        claimed(work.session, site.run_id_of(1, 0))

    assert site.advance().status is TrialStatus.RUNNING
    assert site.run_of(0, 0).status is RunStatus.CANCELLED
    asked = site.run_of(1, 0)
    assert asked.cancel_requested_at is not None
    with unit_of_work(site.engine) as work:
        train(work, asked, 0.1, StopReason.CANCELLED)
    trial = site.advance()

    assert (trial.status, trial.end_reason) == (TrialStatus.ENDED, TrialEnd.BUDGET_SPENT)


def test_what_a_run_told_outlives_it(site: Site) -> None:
    site.start(kinds=("first",))
    site.end_run(0, 0, SICK)
    site.end_run(1, 0, SICK)
    site.advance()
    with unit_of_work(site.engine) as work:
        delete_run(work.session, site.workspace_id, site.run_id_of(1, 0))

    [told] = [one for one in site.trial().runs if one.arm == 1]

    assert told.run_id is None
    assert told.outcome is not None
    assert told.outcome.scores == pytest.approx({"validation": SICK, "test": SICK})


def test_a_deleted_run_takes_its_trials_with_it(site: Site) -> None:
    site.start()

    with unit_of_work(site.engine) as work:
        delete_run(work.session, site.workspace_id, site.run.id)
        left = work.session.execute(select(func.count()).select_from(trial_runs)).scalar_one()

    assert left == 0


def test_trials_are_listed_in_pages(site: Site) -> None:
    first = site.start(kinds=("first",))
    site.end_run(0, 0, SICK)
    site.end_run(1, 0, SICK)
    site.advance()
    second = site.start(kinds=("first",))

    with unit_of_work(site.engine) as work:
        page = list_trials(
            work, workspace_id=site.workspace_id, run_id=site.run.id, limit=1, after=None
        )
        rest = list_trials(
            work, workspace_id=site.workspace_id, run_id=site.run.id, limit=1, after=page.last
        )
        found = read_trial(
            work, workspace_id=site.workspace_id, run_id=site.run.id, trial_id=first.id
        )

    assert [state.trial.id for state in (*page.items, *rest.items)] == [second.id, first.id]
    assert rest.last is None
    assert found.trial.id == first.id


def test_a_busier_machine_does_not_use_up_the_budget(site: Site) -> None:
    trial = site.start(kinds=("first",), budget=2.5)
    seconds = trial.run_seconds
    for arm in (0, 1):
        site.end_run(arm, 0, SICK if arm == CONTROL else 0.1)
    with unit_of_work(site.engine) as work:
        for arm in (0, 1):
            slow = timedelta(seconds=-10 * seconds)
            statement = update(runs).where(runs.c.id == site.run_id_of(arm, 0))
            work.session.execute(statement.values(started_at=runs.c.ended_at + slow))

    assert (1, 1) in {(one.arm, one.seed) for one in site.advance().runs}


def test_a_moment_of_speed_does_not_use_up_the_budget(site: Site) -> None:
    site.start(kinds=("first",), budget=2.5)
    for arm in (CONTROL, 1):
        run = site.claim(arm, 0, seconds_ago=100.0)
        with unit_of_work(site.engine) as work:
            seen = update(runs).where(runs.c.id == run.id)
            work.session.execute(seen.values(progress_step=2, steps_per_second=1000.0))

    trial = site.advance()

    # the control takes 200 s for its 4 steps, and both have taken 100 s
    assert trial.status is TrialStatus.RUNNING
    assert all(one.stopped_for is None for one in trial.runs)


def test_a_run_that_confirms_starts_before_first_seeds(site: Site) -> None:
    site.start()
    site.end_run(1, 0, CURED)

    site.advance()

    assert site.run_of(1, 1).priority > site.run_of(2, 0).priority
