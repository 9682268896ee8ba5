"""An ended run is judged again with the results of its experiments, once for each."""

import math
from collections.abc import Callable
from uuid import UUID

import pytest
from pydantic import JsonValue
from sqlalchemy import Engine, func, select, update

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.engine import diagnose
from app.domain.diagnosis.findings import Diagnosis
from app.domain.runs import Run, StopReason
from app.domain.specs.lineage import RunPurpose
from app.domain.specs.patch import patched
from app.services.diagnosis import judge_again as module
from app.services.diagnosis.judge_again import find_runs_to_judge_again, judge_again
from app.store import experiments
from app.store.database import unit_of_work
from app.store.diagnoses import load_diagnosis
from app.store.runs import enqueue_again, find_run, insert_run, lock_run
from app.store.tables import runs
from app.store.telemetry import append_batch
from tests.api.measured import batch_of
from tests.domain.builders import job
from tests.services.trials.site import CURED, SICK, train
from tests.store.builders import claimed, claimed_run, end

SLOWER: dict[str, JsonValue] = {"optimizer": {"learning_rate": 0.0003}}
TESTED = "learning_rate_too_high"


@pytest.fixture
def parent(engine: Engine, committed_workspace_id: UUID) -> Run:
    """A run that diverged, with its final diagnosis."""
    return diverged(engine, running(engine, committed_workspace_id))


def running(engine: Engine, workspace_id: UUID) -> Run:
    with unit_of_work(engine) as work:
        made = claimed_run(work.session, workspace_id, spec=job(training={"num_steps": 31}))
        losses = batch_of([*[1.0] * 30, math.nan])
        append_batch(work.session, run_id=made.id, attempt=1, seq=0, batch=losses)
    return made


def diverged(engine: Engine, run: Run) -> Run:
    with unit_of_work(engine) as work:
        end(work.session, run, StopReason.DIVERGED)
    return read(engine, run)


def read(engine: Engine, run: Run) -> Run:
    with unit_of_work(engine) as work:
        return find_run(work.session, run.workspace_id, run.id)


def experiment(engine: Engine, parent: Run, mse: float) -> Run:
    """An experiment on the run that ends with this score."""
    with unit_of_work(engine) as work:
        made = insert_run(
            work.session,
            workspace_id=parent.workspace_id,
            spec=patched(parent.spec, SLOWER),
            name="",
            tags=(),
            notes="",
            parent_run_id=parent.id,
            purpose=RunPurpose.EXPERIMENT,
        )
        train(work, claimed(work.session, made.id), mse, StopReason.COMPLETED)
    return made


def diagnosis_of(engine: Engine, run: Run) -> Diagnosis:
    with unit_of_work(engine) as work:
        found = load_diagnosis(work.session, run.id)
    assert found is not None
    return found


def due(engine: Engine) -> list[UUID]:
    with unit_of_work(engine) as work:
        return find_runs_to_judge_again(work)


def test_a_diagnosis_gets_the_result_of_an_experiment(engine: Engine, parent: Run) -> None:
    assert due(engine) == []
    child = experiment(engine, parent, CURED)
    assert due(engine) == [parent.id]

    judge_again(engine, run_id=parent.id)

    diagnosis = diagnosis_of(engine, parent)
    [result] = diagnosis.experiment_results
    assert (result.cause, result.run_id, result.has_learned) == (TESTED, child.id, True)
    assert result.probability > result.probability_before
    assert "after 1 experiment" in diagnosis.summary
    assert diagnosis.final
    after = read(engine, parent)
    assert after.version > parent.version
    assert (after.verdict, after.ended_at) == (diagnosis.verdict, parent.ended_at)
    assert due(engine) == []


def test_a_sweep_judges_a_bounded_number_of_runs_the_oldest_first(
    engine: Engine, parent: Run, committed_workspace_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(experiments, "MAX_PER_SWEEP", 1)
    later = diverged(engine, running(engine, committed_workspace_id))
    for one in (later, parent):
        experiment(engine, one, CURED)
    assert due(engine) == [parent.id]

    judge_again(engine, run_id=parent.id)

    assert due(engine) == [later.id]


def test_an_experiment_that_fails_lowers_its_cause(engine: Engine, parent: Run) -> None:
    experiment(engine, parent, SICK)

    judge_again(engine, run_id=parent.id)

    [result] = diagnosis_of(engine, parent).experiment_results
    assert not result.has_learned
    assert result.probability < result.probability_before


def test_judging_twice_changes_nothing(engine: Engine, parent: Run) -> None:
    experiment(engine, parent, CURED)
    judge_again(engine, run_id=parent.id)
    version = read(engine, parent).version

    judge_again(engine, run_id=parent.id)

    assert read(engine, parent).version == version


def test_two_processes_that_judge_at_once_store_it_once(
    engine: Engine, parent: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment(engine, parent, CURED)
    judge_with(monkeypatch, lambda: judge_again(engine, run_id=parent.id))

    judge_again(engine, run_id=parent.id)

    assert read(engine, parent).version == parent.version + 1


def test_a_death_before_the_commit_leaves_it_to_the_next_sweep(
    engine: Engine, parent: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment(engine, parent, CURED)

    def die(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(module, "replace_final_diagnosis", die)
        with pytest.raises(SystemExit):
            judge_again(engine, run_id=parent.id)
    assert diagnosis_of(engine, parent).experiment_results == ()
    assert due(engine) == [parent.id]

    judge_again(engine, run_id=parent.id)

    assert len(diagnosis_of(engine, parent).experiment_results) == 1


def test_a_result_that_arrives_meanwhile_is_left_to_the_next_sweep(
    engine: Engine, parent: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment(engine, parent, CURED)
    judge_with(monkeypatch, lambda: experiment(engine, parent, SICK))

    judge_again(engine, run_id=parent.id)

    assert len(diagnosis_of(engine, parent).experiment_results) == 1
    assert due(engine) == [parent.id]
    judge_again(engine, run_id=parent.id)
    assert len(diagnosis_of(engine, parent).experiment_results) == 2


def test_a_running_run_is_judged_with_results_anyway(
    engine: Engine, committed_workspace_id: UUID
) -> None:
    parent = running(engine, committed_workspace_id)
    experiment(engine, parent, CURED)
    assert due(engine) == []
    judge_again(engine, run_id=parent.id)

    diverged(engine, parent)

    assert len(diagnosis_of(engine, parent).experiment_results) == 1
    assert due(engine) == [parent.id]


def test_a_run_that_was_resumed_meanwhile_is_not_judged(
    engine: Engine, committed_workspace_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    with unit_of_work(engine) as work:
        made = claimed_run(work.session, committed_workspace_id)
        train(work, made, SICK, StopReason.TIMED_OUT)
    experiment(engine, made, CURED)
    before = diagnosis_of(engine, made)

    def resume() -> None:
        with unit_of_work(engine) as work:
            locked = lock_run(work.session, made.workspace_id, made.id)
            enqueue_again(work.session, locked, spec=locked.spec, expected_rows=1)

    judge_with(monkeypatch, resume)

    judge_again(engine, run_id=made.id)

    assert diagnosis_of(engine, made) == before


def test_a_run_whose_readings_were_dropped_keeps_its_diagnosis(engine: Engine, parent: Run) -> None:
    experiment(engine, parent, CURED)
    before = diagnosis_of(engine, parent)
    with unit_of_work(engine) as work:
        dropped = update(runs).where(runs.c.id == parent.id)
        work.session.execute(dropped.values(telemetry_dropped_at=func.now()))

    judge_again(engine, run_id=parent.id)

    assert diagnosis_of(engine, parent) == before
    assert due(engine) == []


def test_a_run_with_another_purpose_is_no_experiment(engine: Engine, parent: Run) -> None:
    with unit_of_work(engine) as work:
        made = claimed_run(work.session, parent.workspace_id)
        changed = update(runs).where(runs.c.id == made.id)
        work.session.execute(changed.values(parent_run_id=parent.id, purpose="remedy"))
        train(work, made, CURED, StopReason.COMPLETED)
        is_due = select(runs.c.is_result_due).where(runs.c.id == made.id)
        assert work.session.execute(is_due).scalar_one() is False


def judge_with(monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], object]) -> None:
    """Calls `meanwhile` while the first diagnosis is computed."""
    is_first = True

    def judge(case: Case) -> Diagnosis:
        nonlocal is_first
        if is_first:
            is_first = False
            meanwhile()
        return diagnose(case)

    monkeypatch.setattr(module, "diagnose", judge)
