"""The end of a run: judged outside of any transaction, stored in one, and repeatable."""

from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, select

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.engine import diagnose
from app.domain.diagnosis.findings import Diagnosis
from app.domain.errors import Fenced, Unavailable
from app.domain.events import EventKind
from app.domain.runs import Run, RunStatus, StopReason
from app.services.attempts import finish_run as module
from app.services.attempts.claim_run import claim_run
from app.services.attempts.finish_run import MAX_TRIES, AttemptEnd, finish_run
from app.services.attempts.renew_lease import renew_lease
from app.services.attempts.sweep_runs import sweep_runs
from app.services.attempts.take_back_run import ENDING_LEASE_S, take_back_run
from app.services.telemetry.record_batch import record_batch
from app.store.claims import finish
from app.store.database import unit_of_work
from app.store.diagnoses import load_diagnosis
from app.store.events import events_after
from app.store.runs import find_run
from app.store.tables import runs
from app.store.times import seconds_from_now
from tests.store.builders import CPU, LEASE_S, a_batch, a_worker, claimed_run

MANY = 1000
STEPS_PER_BATCH = 4


@pytest.fixture
def run(engine: Engine, committed_workspace_id: UUID) -> Run:
    """A running run with one batch of readings."""
    with unit_of_work(engine) as work:
        made = claimed_run(work.session, committed_workspace_id)
        record_batch(work, run_id=made.id, attempt=1, seq=0, batch=a_batch())
    return made


def record(engine: Engine, run: Run, *, seq: int) -> None:
    batch = a_batch(first_step=STEPS_PER_BATCH * seq)
    with unit_of_work(engine) as work:
        record_batch(work, run_id=run.id, attempt=1, seq=seq, batch=batch)


def judge_with(monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[int], None]) -> None:
    """Calls `meanwhile` with the number of the diagnosis, from 1, while each is computed."""
    num_judged = 0

    def judge(case: Case) -> Diagnosis:
        nonlocal num_judged
        num_judged += 1
        meanwhile(num_judged)
        return diagnose(case)

    monkeypatch.setattr(module, "diagnose", judge)


def found(engine: Engine, run: Run) -> tuple[Run, Diagnosis | None]:
    with unit_of_work(engine) as work:
        return find_run(work.session, run.workspace_id, run.id), load_diagnosis(
            work.session, run.id
        )


def completed(run: Run) -> AttemptEnd:
    return AttemptEnd(run_id=run.id, attempt=1, stop_reason=StopReason.COMPLETED)


def take_back(engine: Engine, run: Run, stop_reason: StopReason) -> AttemptEnd:
    with unit_of_work(engine) as work:
        return take_back_run(work, run_id=run.id, attempt=1, stop_reason=stop_reason)


def test_the_same_end_twice_is_one_end(engine: Engine, run: Run) -> None:
    finish_run(engine, completed(run))
    before = found(engine, run)

    finish_run(engine, completed(run))

    assert found(engine, run) == before
    with pytest.raises(Fenced):
        finish_run(engine, AttemptEnd(run_id=run.id, attempt=1, stop_reason=StopReason.CRASHED))


def test_a_run_that_never_measured_anything_can_end(
    engine: Engine, committed_workspace_id: UUID
) -> None:
    with unit_of_work(engine) as work:
        run = claimed_run(work.session, committed_workspace_id)
    end = AttemptEnd(run_id=run.id, attempt=1, stop_reason=StopReason.INVALID_DATA, error="no")

    finish_run(engine, end)

    ended, diagnosis = found(engine, run)
    assert (ended.status, ended.error) == (RunStatus.FAILED, "no")
    assert ended.verdict == "undetermined"
    assert diagnosis is not None
    assert diagnosis.summary == "Not judged: the data were refused: no."


def test_no_transaction_is_open_and_no_row_locked_while_a_run_is_judged(
    engine: Engine, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    num_checked_out: list[int] = []

    def renew_and_count(_number: int) -> None:
        with unit_of_work(engine) as work:
            # waits for a lock of the row, if there is one
            renew_lease(work, run_id=run.id, attempt=1, lease_s=LEASE_S)
            num_checked_out.append(engine.pool.checkedout())  # type: ignore[attr-defined] # a QueuePool

    judge_with(monkeypatch, renew_and_count)

    finish_run(engine, completed(run))

    assert num_checked_out == [1]


def test_a_run_whose_readings_change_meanwhile_is_judged_again(
    engine: Engine, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge_with(monkeypatch, lambda number: record(engine, run, seq=1) if number == 1 else None)

    finish_run(engine, completed(run))

    ended, diagnosis = found(engine, run)
    assert ended.stop_reason is StopReason.COMPLETED
    assert diagnosis is not None
    assert (diagnosis.final, diagnosis.as_of_step) == (True, 2 * STEPS_PER_BATCH - 1)


def test_a_run_whose_readings_change_each_time_goes_on(
    engine: Engine, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge_with(monkeypatch, lambda number: record(engine, run, seq=number))

    with pytest.raises(Unavailable):
        finish_run(engine, completed(run))

    still, diagnosis = found(engine, run)
    assert still.status is RunStatus.RUNNING
    assert diagnosis is None
    with unit_of_work(engine) as work:
        next_seq = work.session.execute(select(runs.c.next_seq).where(runs.c.id == run.id))
        assert next_seq.scalar_one() == MAX_TRIES + 1


def test_an_end_of_an_attempt_that_lost_its_run_while_it_was_judged_is_fenced(
    engine: Engine, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge_with(monkeypatch, lambda _number: claim_anew(engine, run))

    with pytest.raises(Fenced):
        finish_run(engine, completed(run))

    still, diagnosis = found(engine, run)
    assert (still.status, still.attempt, diagnosis) == (RunStatus.RUNNING, 2, None)


def claim_anew(engine: Engine, run: Run) -> None:
    """Lets the lease pass, requeues the run and claims it."""
    let_lease_pass(engine, run)
    assert sweep(engine, max_crashes=3) == ()
    with unit_of_work(engine) as work:
        worker_id = a_worker(work.session)
        claimed = claim_run(
            work, worker_id=worker_id, devices=CPU, lease_s=LEASE_S, max_running_runs=MANY
        )
    assert claimed is not None
    assert claimed.id == run.id


def let_lease_pass(engine: Engine, run: Run) -> None:
    with unit_of_work(engine) as work:
        passed = runs.update().where(runs.c.id == run.id)
        work.session.execute(passed.values(lease_expires_at=seconds_from_now(-1)))


def sweep(engine: Engine, *, max_crashes: int) -> tuple[AttemptEnd, ...]:
    with unit_of_work(engine) as work:
        return sweep_runs(
            work,
            queue=None,  # type: ignore[arg-type] # no run has waited long enough to be announced
            max_notifications=1,
            max_crashes=max_crashes,
            max_running_runs=MANY,
            stalled_after_s=LEASE_S,
        )


def test_the_worker_of_a_run_that_was_taken_back_can_write_nothing(
    engine: Engine, run: Run
) -> None:
    end = take_back(engine, run, StopReason.OUT_OF_MEMORY)

    with pytest.raises(Fenced):
        record(engine, run, seq=1)
    with unit_of_work(engine) as work, pytest.raises(Fenced):
        renew_lease(work, run_id=run.id, attempt=1, lease_s=LEASE_S)
    with unit_of_work(engine) as work, pytest.raises(Fenced):
        finish(work.session, run_id=run.id, attempt=1, stop_reason=StopReason.COMPLETED)
    with pytest.raises(Fenced):
        finish_run(engine, completed(run))
    with pytest.raises(Fenced):
        take_back(engine, run, StopReason.CANCELLED)
    finish_run(engine, end)

    ended, diagnosis = found(engine, run)
    assert ended.stop_reason is StopReason.OUT_OF_MEMORY
    assert diagnosis is not None
    assert (diagnosis.final, diagnosis.as_of_step) == (True, STEPS_PER_BATCH - 1)


def test_a_run_whose_end_was_interrupted_is_taken_back_again_after_its_lease(
    engine: Engine, run: Run
) -> None:
    let_lease_pass(engine, run)
    [first] = sweep(engine, max_crashes=1)
    meanwhile = sweep(engine, max_crashes=1)
    let_lease_pass(engine, run)

    [second] = sweep(engine, max_crashes=1)
    finish_run(engine, second)
    finish_run(engine, first)

    ended, _ = found(engine, run)
    assert meanwhile == ()
    assert (ended.stop_reason, ended.crash_count) == (StopReason.LOST, 1)
    with unit_of_work(engine) as work:
        kinds = [event.kind for event in events_after(work.session, run.id, 0, 100)]
    assert kinds.count(EventKind.END) == 1


def test_a_run_that_was_taken_back_has_time_to_be_judged(engine: Engine, run: Run) -> None:
    take_back(engine, run, StopReason.CANCELLED)

    with unit_of_work(engine) as work:
        left = select(runs.c.lease_expires_at - func.now()).where(runs.c.id == run.id)
        left_s = work.session.execute(left).scalar_one().total_seconds()
    assert ENDING_LEASE_S - 5 < left_s <= ENDING_LEASE_S
