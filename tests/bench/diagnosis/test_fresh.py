import pytest

from bench.diagnosis.faults import FAULTS
from bench.diagnosis.fresh import CALIBRATION, moved_level, plan_named, varied
from bench.diagnosis.plan import make_plan
from bench.diagnosis.tasks import TASKS

COMMIT = "91da3fe0123456789"
FRESH = plan_named(COMMIT)


def test_a_commit_always_gives_the_same_plan_and_another_one_another():
    assert [run.key for run in plan_named(COMMIT)] == [run.key for run in FRESH]
    assert not {run.key for run in plan_named("0000001")} & {run.key for run in FRESH}


def test_no_run_of_it_is_one_of_the_calibration_runs():
    assert not {run.key for run in FRESH} & {run.key for run in plan_named(CALIBRATION)}


def test_the_calibration_plan_is_the_given_one():
    assert [run.key for run in plan_named(CALIBRATION)] == [run.key for run in make_plan()]


@pytest.mark.parametrize("kind", FAULTS, ids=lambda kind: kind.name)
def test_a_level_lies_between_its_own_and_the_milder_one(kind):
    for strength in range(1, len(kind.levels)):
        ends = sorted(kind.levels[strength - 1 : strength + 1])
        assert ends[0] <= moved_level(kind, strength, TASKS[0], seed=7) <= ends[1]
    assert moved_level(kind, 0, TASKS[0], seed=7) == kind.levels[0]


def test_every_task_can_be_varied_and_keeps_its_network():
    others = [varied(task, 7) for task in TASKS]

    assert all(other.model == task.model for other, task in zip(others, TASKS, strict=True))
    assert sum(other != task for other, task in zip(others, TASKS, strict=True)) > len(TASKS) / 2


def test_what_is_no_hash_is_refused():
    with pytest.raises(ValueError, match="neither"):
        plan_named("main")
