from pathlib import Path

import pytest

from app.domain.specs.job import JobSpec
from app.domain.specs.patch import as_document
from bench.diagnosis.changes import single_changes
from bench.diagnosis.experiments import Experiments, Question
from bench.diagnosis.faults import BY_NAME
from bench.diagnosis.faults.kind import Order
from bench.diagnosis.labels import Cure, Diagnosed, decided, decided_cure, label_all, read_labels
from bench.diagnosis.plan import make_plan
from bench.diagnosis.tasks import TASKS

PLAN = make_plan()
BY_TASK = {task.name: task for task in TASKS}
SINGLE = [run for run in PLAN if len(run.injections) == 1 and run.decoy is None]


def completed(order: Order) -> object:
    return as_document(JobSpec.model_validate(order.spec))


@pytest.mark.parametrize("kind", sorted({run.kind for run in SINGLE}))
def test_undoing_a_single_fault_gives_the_order_without_it(kind: str):
    run = next(one for one in SINGLE if one.kind == kind)
    setting = BY_NAME[kind].setting(BY_TASK[run.task])

    undo = next(one for one in single_changes(run) if one.name == f"undo:{kind}")

    assert setting is not None
    before = Order.of(BY_TASK[run.task]).changed(setting)
    assert completed(undo.order) == completed(before)
    if before.upload is not None and undo.order.upload is not None:
        assert undo.order.upload.content(3) == before.upload.content(3)


def test_undoing_one_of_two_faults_leaves_the_other():
    run = next(one for one in PLAN if one.kind == "bptt_cut+l2")

    undo = next(one for one in single_changes(run) if one.name == "undo:l2")

    spec = JobSpec.model_validate(undo.order.spec)
    assert spec.regularization.l2 == 0
    assert spec.training.bptt_length is not None


def test_undoing_a_decoy_leaves_the_fault():
    run = next(one for one in PLAN if one.kind.startswith("l2~"))
    assert run.decoy is not None

    undo = next(one for one in single_changes(run) if one.name == f"undo:{run.decoy.kind}")

    assert JobSpec.model_validate(undo.order.spec).regularization.l2 > 0


def test_every_change_differs_from_the_run_and_from_undoing():
    run = next(one for one in SINGLE if one.kind == "bptt_cut")

    changes = single_changes(run)

    assert "full_bptt" not in {one.name for one in changes}
    assert all(completed(one.order) != completed(run.order) for one in changes)


def test_the_third_seed_is_trained_only_where_the_first_two_differ():
    assert decided(iter([0.9, 0.9, 0.1]), 0.8) == (0.9, 0.9)
    assert decided(iter([0.9, 0.1, 0.85]), 0.8) == (0.9, 0.1, 0.85)


def test_a_hopeless_change_is_tried_once():
    assert decided_cure(iter([0.2, 0.9, 0.9])) == (0.2,)
    assert decided_cure(iter([0.3, 0.9, 0.9])) == (0.3, 0.9, 0.9)


def test_a_tenth_of_the_rate_makes_a_thirtieth_needless():
    run = next(one for one in SINGLE if one.kind == "rate_too_high")

    smallest = next(one for one in single_changes(run) if one.name == "rate×0.03")

    assert smallest.is_needless({"rate×0.1"})
    assert not smallest.is_needless({"rate×10"})


def test_two_of_three_seeds_confirm_a_fault_and_two_cure_it():
    cure = Cure(change="rate×10", leaves=frozenset(), progress=(0.9, 0.1, 0.85))
    label = Diagnosed(key="a", control=(0.0, 0.9, 0.2), tried=(cure,))

    assert label.is_confirmed
    assert label.cures == ("rate×10",)


def test_an_experiment_is_trained_once(tmp_path: Path):
    run = next(one for one in SINGLE if one.kind == "too_few_steps" and one.task == "season_elman")
    question = Question(order=run.order, data_seed=run.seed)
    path = tmp_path / "experiments.jsonl"

    first = Experiments(path).progress(question, 0, base=1.0)
    again = Experiments(path).progress(question, 0, base=1.0)

    assert again == pytest.approx(first, abs=1e-5)
    assert len(path.read_text().splitlines()) == 1


def test_a_run_is_labelled_once_and_read_back(tmp_path: Path):
    runs = [one for one in SINGLE if one.kind == "rate_too_low" and one.injections[0].level < 0.01]
    run = next(one for one in runs if one.task.startswith(("season", "panel")))
    path, bases = tmp_path / "labels.jsonl", {run.task: 0.95}
    experiments = Experiments(tmp_path / "experiments.jsonl")

    (label,) = label_all([run], path, experiments, bases=bases, most=1)
    again = list(label_all([run], path, experiments, bases=bases, most=9))

    assert label.is_confirmed
    assert "undo:rate_too_low" in label.cures
    assert not again
    assert read_labels(path)[run.key].cures == label.cures
