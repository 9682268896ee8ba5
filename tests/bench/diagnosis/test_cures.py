import math
from pathlib import Path

import pytest

from app.domain.task import LagSource, MetricMode, RequiredLag, TaskFacts
from bench.diagnosis.cures import Attempt, Course, Ward, is_cured, read_courses, write_courses
from bench.diagnosis.experiments import Experiments
from bench.diagnosis.plan import make_plan
from bench.diagnosis.planned import PlannedRun

PLAN = make_plan()


def attempt(*progress: float, steps: float = 1.0) -> Attempt:
    return Attempt(kind="use_adam", progress=progress, steps=steps, cost=1.0)


def course(*control: float, **parts: object) -> Course:
    given: dict[str, object] = {
        "key": "a",
        "task": "adding_lstm",
        "family": "adding",
        "causes": ("penalty_dominates",),
        "verdict": "sick",
        "named": None,
        "num_offered": 1,
        "remedies": (),
        "universal": None,
    }
    return Course(control=control, **{**given, **parts})  # type: ignore[arg-type] # as named


def ward_of(run: PlannedRun, folder: Path) -> Ward:
    facts = TaskFacts(
        metric="mse",
        mode=MetricMode.MINIMISE,
        baselines=(),
        required_lag=RequiredLag(timesteps=19, source=LagSource.DECLARED),
        length=20,
        input_size=1,
        output_size=1,
        many_to_one=True,
    )
    return Ward(run=run, facts=facts, experiments=Experiments(folder / "kept"), base=0.01)


@pytest.mark.parametrize("progress", [(0.8, 0.9), (0.9, 0.1, 0.85)])
def test_a_run_is_cured_where_two_of_three_seeds_make_most_of_the_progress(
    progress: tuple[float, ...],
) -> None:
    assert is_cured(progress)
    assert not course(*progress).is_control_sick


@pytest.mark.parametrize("progress", [(0.9, 0.1, 0.7), (0.1, 0.2), ()])
def test_a_run_stays_sick_where_fewer_do(progress: tuple[float, ...]) -> None:
    assert not is_cured(progress)
    assert course(*progress).is_control_sick


def test_courses_are_read_back_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "cures.jsonl"
    given = [course(-math.inf, 0.1, remedies=(attempt(0.9, 0.9),), universal=attempt(0.1, 0.2))]

    write_courses(path, given)

    assert read_courses(path) == given


def test_what_trains_longer_is_compared_with_the_run_trained_as_long(tmp_path: Path) -> None:
    run = next(one for one in PLAN if one.kind == "too_few_steps" and one.task == "season_elman")
    ward = ward_of(run, tmp_path)
    steps = run.spec.training.num_steps

    longer = ward.attempt("train_longer", {"training": {"num_steps": 2 * steps}})
    too_long = ward.attempt("train_longer", {"training": {"num_steps": 4 * steps}})

    assert longer.is_longer
    assert longer.cost == 2
    assert longer.longer_control == longer.progress
    assert not too_long.is_cure


def test_remedies_are_tried_up_to_the_first_that_cures(tmp_path: Path) -> None:
    run = next(one for one in PLAN if one.kind == "base" and one.task == "season_elman")
    ward = ward_of(run, tmp_path)
    advice = [
        ("stop_early", {"training": {"num_steps": 1}}),
        ("less_dropout", {"model": {"dropout": 0.0}, "training": {"num_steps": 60}}),
        ("use_adam", {"optimizer": {"kind": "adam"}}),
    ]

    tried = list(ward.attempts(advice))  # type: ignore[arg-type] # plain JSON

    assert [one.kind for one in tried] == ["stop_early", "less_dropout"]
    assert [one.is_cure for one in tried] == [False, True]


def test_a_longer_window_costs_more_than_the_run(tmp_path: Path) -> None:
    run = next(one for one in PLAN if one.kind == "base" and one.task == "season_elman")

    longer = ward_of(run, tmp_path).attempt(
        "lengthen_window", {"dataset": {"window": 40}, "training": {"num_steps": 20}}
    )

    steps = 20 / run.spec.training.num_steps
    assert longer.cost == pytest.approx(2 * steps, abs=0.01)


def test_whole_sequences_cost_as_their_upload_is_long(tmp_path: Path) -> None:
    run = next(one for one in PLAN if one.kind == "short_sequences" and one.task == "sum_elman")
    cut = run.spec.dataset.sequence_length
    assert cut is not None

    whole = ward_of(run, tmp_path).attempt(
        "keep_whole_sequences", {"dataset": {"max_length": None}, "training": {"num_steps": 20}}
    )

    steps = 20 / run.spec.training.num_steps
    assert whole.cost == pytest.approx(12 / cut * steps, abs=0.01)
