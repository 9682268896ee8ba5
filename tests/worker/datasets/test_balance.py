"""Rare classes: weights of loss terms, sampling, and the score in which all classes count alike."""

import math

import numpy as np
import pytest
import torch
from pydantic import JsonValue

from tests.worker.builders import make_spec, train_spec
from tests.worker.datasets.test_sequences import sequences
from worker.datasets.build import build_task
from worker.datasets.task import Task

#: Sequences of the classes a, b and c.
SIZES = {"a": 160, "b": 30, "c": 10}


def make_csv() -> str:
    rng = np.random.default_rng(3)
    lines = ["id,x,y,label,amount"]
    names = [label for label, size in SIZES.items() for _ in range(size)]
    for name, label in enumerate(names):
        for _ in range(3):
            x = rng.normal() + "abc".index(label)
            lines.append(f"{name},{x:.4f},{rng.normal():.4f},{label},1")
    return "\n".join(lines)


def make_task(**changes: JsonValue) -> Task:
    spec = make_spec({"dataset": sequences(features=["x"], **changes)})
    return build_task(spec.dataset, upload=make_csv().encode())


def training_codes(task: Task) -> np.ndarray:
    """Of the 140 training sequences, which are all evaluated."""
    codes: np.ndarray = task.evaluation["train"].targets.numpy()
    return codes


def test_weights_let_each_class_have_the_same_sum() -> None:
    task = make_task(class_weights="balanced")
    codes_n = training_codes(task)
    outputs_NO = torch.randn(
        (len(codes_n), 3), dtype=torch.float64, generator=torch.Generator().manual_seed(1)
    )
    targets_N = torch.from_numpy(codes_n)

    terms_N = task.objective.loss_terms(outputs_NO, targets_N)

    probability_NO = torch.softmax(outputs_NO, dim=1).numpy()
    for row, code in enumerate(codes_n.tolist()):
        weight = len(codes_n) / (3 * (codes_n == code).sum())
        expected = -weight * math.log(probability_NO[row, code])
        assert terms_N[row].item() == pytest.approx(expected, rel=1e-12)
    assert terms_N.mean().item() == pytest.approx(balanced(probability_NO, codes_n), rel=1e-12)


def balanced(probability_NO: np.ndarray, codes_n: np.ndarray) -> float:
    """The mean over classes of their mean surprise."""
    surprise_n = -np.log(probability_NO[np.arange(len(codes_n)), codes_n])
    return float(np.mean([surprise_n[codes_n == code].mean() for code in np.unique(codes_n)]))


def test_the_gradient_of_weighted_terms_is_that_of_the_formula() -> None:
    task = make_task(class_weights="balanced")
    codes_n = training_codes(task)[:40]
    outputs_NO = torch.randn(
        (40, 3), dtype=torch.float64, generator=torch.Generator().manual_seed(2)
    ).requires_grad_()

    terms_N = task.objective.loss_terms(outputs_NO, torch.from_numpy(codes_n))
    (gradient_NO,) = torch.autograd.grad(terms_N.sum(), outputs_NO)

    all_n = training_codes(task)
    weight_n = np.array([len(all_n) / (3 * (all_n == code).sum()) for code in codes_n])
    is_target_NO = np.eye(3)[codes_n]
    expected_NO = weight_n[:, None] * (
        torch.softmax(outputs_NO, dim=1).detach().numpy() - is_target_NO
    )
    np.testing.assert_allclose(gradient_NO.numpy(), expected_NO, rtol=1e-10, atol=1e-12)


def test_balanced_sampling_draws_each_class_equally_often() -> None:
    task = make_task(sampling="balanced")

    drawn = torch.cat(
        [task.training_batch(step, batch_size=100, seed=5).targets for step in range(60)]
    )

    shares_V = np.bincount(drawn.numpy(), minlength=3) / len(drawn)
    # five standard errors of 6,000 draws
    np.testing.assert_allclose(shares_V, 1 / 3, atol=5 * math.sqrt(2 / 9 / 6000))


def test_a_balanced_batch_is_a_function_of_step_and_seed() -> None:
    task = make_task(sampling="balanced")

    first, again, other_step, other_seed = (
        task.training_batch(step, batch_size=50, seed=seed).inputs_TBI
        for step, seed in ((3, 1), (3, 1), (4, 1), (3, 2))
    )

    assert torch.equal(first, again)
    assert not torch.equal(first, other_step)
    assert not torch.equal(first, other_seed)


@pytest.mark.parametrize(
    "changes", [{"class_weights": "balanced"}, {"sampling": "balanced"}], ids=str
)
def test_a_balanced_run_is_judged_by_the_score_in_which_classes_count_alike(
    changes: dict[str, JsonValue],
) -> None:
    spec = make_spec(
        {
            "model": {"kind": "gru", "hidden_size": 8},
            "dataset": sequences(features=["x"], **changes),
            "training": {"num_steps": 20, "evaluate_every": 20},
        }
    )

    run = train_spec(spec, upload=make_csv().encode())

    task = build_task(spec.dataset, upload=make_csv().encode())
    assert task.facts.metric == "balanced_cross_entropy"
    assert task.facts.baseline is not None
    assert task.facts.baseline.name == "uniform_classes"
    assert task.facts.baseline.value == pytest.approx(math.log(3), rel=1e-12)
    for split in ("train", "validation", "test"):
        batch = task.evaluation[split]
        with torch.no_grad():
            outputs = run.outcome.model(batch.inputs_TBI, batch.lengths_B).double()
        expected = balanced(torch.softmax(outputs, dim=1).numpy(), batch.targets.numpy())
        served = run.readings("balanced_cross_entropy")[20, split]
        assert served == pytest.approx(expected, rel=1e-6)


def test_without_a_balance_the_judge_is_the_cross_entropy() -> None:
    task = make_task()

    assert task.facts.metric == "cross_entropy"
    assert {floor.metric for floor in task.facts.baselines} == {"cross_entropy", "accuracy"}
