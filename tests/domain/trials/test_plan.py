"""A trial is planned from the remedies that a diagnosis advises."""

from dataclasses import replace
from uuid import UUID

import pytest
from pydantic import JsonValue

from app.domain.diagnosis.findings import (
    Cause,
    Finding,
)
from app.domain.diagnosis.remedy import Remedy
from app.domain.errors import InvalidInput, NothingToTry
from app.domain.runs import Run, RunStatus, StopReason
from app.domain.specs.patch import as_document, patched
from app.domain.task import TaskFacts
from app.domain.trials.plan import arms_of, outcome_of, progress_on, scores_of, seeds_of, spec_of
from app.domain.trials.progress import WORST
from app.domain.trials.trial import OWN_SEED, Trial
from tests.domain.builders import job, run, task
from tests.domain.diagnosis.builders import finding, sick_diagnosis
from tests.domain.trials.builders import outcome, trial

RUN = run(tags=("demo",), spec=job(training={"num_steps": 1000}), task=task())
TRIAL_ID = UUID(int=7)


def remedy(kind: str, batch_size: int = 64) -> Remedy:
    patch: dict[str, JsonValue] = {"training": {"batch_size": batch_size}}
    return Remedy(
        kind=kind,
        patch=patch,
        reason=f"why {kind}",
        source="a test",
        body=as_document(patched(RUN.spec, patch)),
    )


def advising(*kinds: str) -> Finding:
    return finding(remedies=tuple(map(remedy, kinds)))


def test_the_first_three_remedies_are_tried_beside_the_untreated_run() -> None:
    arms = arms_of(RUN, sick_diagnosis(advising("a", "b"), advising("b", "c", "d")), None)

    assert [arm.remedy for arm in arms] == [None, "a", "b", "c"]
    assert arms[0].body == as_document(RUN.spec)
    assert arms[1].reason == "why a"


def test_a_client_chooses_among_the_advised_remedies() -> None:
    arms = arms_of(RUN, sick_diagnosis(advising("a", "b", "c", "d")), ["d", "b", "d"])

    assert [arm.remedy for arm in arms] == [None, "d", "b"]


def test_a_remedy_that_is_not_advised_is_refused_with_those_that_are() -> None:
    with pytest.raises(InvalidInput) as refused:
        arms_of(RUN, sick_diagnosis(advising("a", "b")), ["a", "x"])

    [problem] = refused.value.problems
    assert (problem.pointer, problem.code) == ("/remedies/1", "remedy_not_advised")
    assert "advised are a, b" in problem.detail


def test_without_advice_there_is_nothing_to_try() -> None:
    causes = (Cause(code="no_signal", no_remedy="There is nothing to learn."),)

    with pytest.raises(NothingToTry, match="There is nothing to learn"):
        arms_of(RUN, sick_diagnosis(advising(), causes=causes), None)


def test_seeds_are_fresh_but_for_that_of_the_run() -> None:
    seeds = seeds_of(TRIAL_ID, RUN, num_seeds=4, has_own=True)

    assert seeds[OWN_SEED] == RUN.spec.training.seed
    assert len(set(seeds)) == 4
    assert seeds == seeds_of(TRIAL_ID, RUN, num_seeds=4, has_own=True)


def test_the_seed_of_the_run_is_not_used_where_it_tells_nothing() -> None:
    own = seeds_of(TRIAL_ID, RUN, num_seeds=1, has_own=False)[0]
    same = replace(RUN, spec=job(training={"seed": own}))

    seeds = seeds_of(TRIAL_ID, same, num_seeds=3, has_own=False)

    assert own not in seeds
    assert len(set(seeds)) == 3


def a_trial() -> Trial:
    return replace(trial({}, control={}), seeds=(41, 0))


def test_a_run_of_a_trial_has_its_seed_and_ends_when_it_has_learned() -> None:
    spec = spec_of(a_trial(), RUN, arm=1, seed=0)

    assert spec.training.seed == 41
    assert spec.training.stop_at_score == pytest.approx(1 / 60)
    assert spec.training.evaluate_every == 200
    assert spec.training.batch_size == 64
    assert spec.tags == ("demo", "trial")


def test_a_run_of_a_trial_is_evaluated_often_enough_to_end_soon() -> None:
    short = replace(RUN, spec=job(training={"num_steps": 100}))
    arms = arms_of(short, sick_diagnosis(advising("a")), None)

    spec = spec_of(replace(a_trial(), arms=arms), short, arm=0, seed=0)

    assert spec.training.evaluate_every == 4
    assert spec.name == "elman on adding: untreated, seed 41"


def test_a_name_is_cut_where_it_is_too_long() -> None:
    spec = spec_of(a_trial(), replace(RUN, name="n" * 200), arm=1, seed=1)

    assert len(spec.name) == 200
    assert spec.name.endswith(": remedy 1, seed 0")


def test_a_target_of_the_client_is_kept() -> None:
    body = as_document(patched(RUN.spec, {"training": {"stop_at_score": 0.5}}))
    arms = [replace(arm, body=body) for arm in a_trial().arms]

    assert spec_of(replace(a_trial(), arms=arms), RUN, arm=1, seed=0).training.stop_at_score == 0.5


@pytest.mark.parametrize(
    ("facts", "length"), [(None, 200), (task(attainable=None), 200), (task(), 100)]
)
def test_a_run_without_a_comparable_target_is_trained_to_its_end(
    facts: TaskFacts | None, length: int
) -> None:
    parent = replace(RUN, task=facts, spec=job(dataset={"length": length}))

    assert spec_of(a_trial(), parent, arm=1, seed=0).training.stop_at_score is None


def ended(**changes: object) -> Run:
    values = {"status": RunStatus.SUCCEEDED, "stop_reason": StopReason.COMPLETED, "task": task()}
    return run(**(values | changes))


def test_what_became_of_a_run_is_its_last_scores_and_its_diagnosis() -> None:
    metrics = {"validation": {"mse": 1 / 60, "mae": 1.0}, "test": {"mse": None}}

    found = outcome_of(
        ended(metrics=metrics, verdict="healthy", finding_codes=("a",), progress_step=9),
        seconds=3.0,
    )

    assert found is not None
    assert found.scores == {"validation": 1 / 60, "test": None}
    assert found.progress == pytest.approx({"validation": 0.9, "test": -1.0})
    assert (found.status, found.step, found.seconds) == (RunStatus.SUCCEEDED, 9, 3.0)
    assert (found.verdict, found.finding_codes) == ("healthy", ("a",))
    assert found.judged_split == "test"


def test_nothing_has_become_of_a_run_that_trains() -> None:
    assert outcome_of(run(), seconds=1.0) is None


def test_a_run_that_failed_before_its_data_was_built_tells_nothing() -> None:
    found = outcome_of(ended(task=None, metrics={"test": {"mse": 1.0}}), seconds=1.0)

    assert found is not None
    assert not found.is_telling
    assert scores_of(ended(task=None)) == {}
    assert progress_on(ended(task=None), "test") is None


def test_a_run_of_a_task_without_a_baseline_has_no_progress() -> None:
    metrics = {"test": {"mse": 1.0}}

    found = outcome_of(ended(task=task(has_baseline=False), metrics=metrics), seconds=1.0)

    assert found is not None
    assert found.progress == {}


def test_a_diverged_run_has_learned_nothing() -> None:
    diverged = ended(stop_reason=StopReason.DIVERGED, metrics={"validation": {"mse": 0.0}})

    found = outcome_of(diverged, seconds=1.0)
    without_data = outcome_of(replace(diverged, task=None), seconds=1.0)

    assert found is not None
    assert found.judged_progress == WORST
    assert without_data is not None
    assert not without_data.is_telling


def test_a_stopped_run_tells_nothing() -> None:
    assert not outcome(0.9, stop_reason=StopReason.CANCELLED).is_telling


def test_the_run_itself_has_the_second_seed() -> None:
    assert trial(control={}, own=outcome()).own_seed == OWN_SEED
    assert trial(control={}).own_seed is None


def test_the_arms_of_a_run_with_a_lineage_do_not_take_it_over() -> None:
    descent: dict[str, JsonValue] = {"parent": str(TRIAL_ID), "purpose": "experiment"}
    parent = replace(RUN, spec=patched(RUN.spec, {"lineage": descent}))
    arms = arms_of(parent, sick_diagnosis(advising("a")), None)

    spec = spec_of(replace(a_trial(), arms=arms), parent, arm=0, seed=0)

    assert spec.lineage is None


@pytest.mark.parametrize("reaction", ["stop", "trial"])
def test_no_finding_ends_a_run_of_a_trial(reaction: str) -> None:
    patch: dict[str, JsonValue] = {"training": {"on_finding": {"critical": reaction}}}
    body = as_document(patched(RUN.spec, patch))
    arms = [replace(arm, body=body) for arm in a_trial().arms]

    spec = spec_of(replace(a_trial(), arms=arms), RUN, arm=0, seed=0)

    assert not spec.training.on_finding.stops
