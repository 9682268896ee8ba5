import math
import secrets

import numpy as np
import pytest
import torch
from pydantic import JsonValue

from app.domain.errors import InvalidData
from app.domain.task import LagSource
from tests.worker.builders import DATASET_ID, make_spec, train_spec
from worker.datasets.build import build_task
from worker.datasets.task import Batch, Task
from worker.models.network import build_model

LENGTHS = [3, 7, 5, 9, 4, 6, 8, 3, 5, 7] * 4


def make_csv(*, is_per_step: bool = False) -> str:
    rng = np.random.default_rng(0)
    lines = ["id,x,z,label,amount"]
    for name, length in enumerate(LENGTHS):
        for step in range(length):
            label = "late" if is_per_step and step > 2 else "ab"[name % 2]
            x, z = rng.normal() + (name % 2), rng.normal()
            lines.append(f"s{name},{x:.4f},{z:.4f},{label},{length}")
    return "\n".join(lines)


def sequences(**changes: JsonValue) -> dict[str, JsonValue]:
    defaults: dict[str, JsonValue] = {
        "kind": "sequences",
        "dataset_id": DATASET_ID,
        "sequence_column": "id",
        "features": ["x", "z"],
        "label": "label",
    }
    return {**defaults, **changes}


def make_task(text: str, **changes: JsonValue) -> Task:
    spec = make_spec({"dataset": sequences(**changes)})
    return build_task(spec.dataset, upload=text.encode())


@pytest.mark.parametrize("target", ["per_sequence", "per_step"])
@pytest.mark.parametrize("task_kind", ["classification", "regression"])
def test_more_padding_changes_no_loss(target: str, task_kind: str) -> None:
    label = "label" if task_kind == "classification" else "amount"
    task = make_task(
        make_csv(is_per_step=target == "per_step"), target=target, task=task_kind, label=label
    )
    batch = task.training_batch(0, batch_size=6, seed=0)
    model = build_model(make_spec({"model": {"bidirectional": True}}).model, task.facts)

    losses = [
        task.mean_loss(model(b.inputs_TBI, b.lengths_B), b).item()
        for b in (batch, padded(batch, 11, is_per_step=target == "per_step"))
    ]

    assert losses[0] == pytest.approx(losses[1], rel=1e-6)


def padded(batch: Batch, more: int, *, is_per_step: bool) -> Batch:
    """The same sequences behind which junk stands."""

    def grow(tensor: torch.Tensor, fill: float) -> torch.Tensor:
        junk = torch.full((more, *tensor.shape[1:]), fill).to(tensor.dtype)
        return torch.cat([tensor, junk])

    return Batch(
        inputs_TBI=grow(batch.inputs_TBI, 99.0),
        targets=grow(batch.targets, 1) if is_per_step else batch.targets,
        lengths_B=batch.lengths_B,
        counted_TB=None if batch.counted_TB is None else grow(batch.counted_TB, 0.0),
    )


def test_the_loss_of_a_step_wise_task_is_the_mean_over_valid_timesteps() -> None:
    task = make_task(make_csv(is_per_step=True), target="per_step")
    batch = task.training_batch(0, batch_size=6, seed=0)
    logits_TBO = torch.randn(*batch.targets.shape, 3)

    loss = task.mean_loss(logits_TBO, batch)

    assert batch.lengths_B is not None
    terms = [
        torch.nn.functional.cross_entropy(logits_TBO[t, b], batch.targets[t, b]).item()
        for b, length in enumerate(batch.lengths_B)
        for t in range(int(length))
    ]
    assert loss.item() == pytest.approx(np.mean(terms), rel=1e-5)


def test_sequences_are_split_and_not_rows() -> None:
    task = make_task(make_csv())

    sizes = {split: batch.num_sequences for split, batch in task.evaluation.items()}

    assert sizes == {"train": 28, "validation": 6, "test": 6}


def test_long_sequences_keep_their_end() -> None:
    whole, cut = make_task(make_csv()), make_task(make_csv(), max_length=4)

    batch, short = (t.training_batch(0, batch_size=28, seed=0) for t in (whole, cut))

    assert short.inputs_TBI.shape[0] == 4
    assert whole.facts.length > 4 == cut.facts.length
    assert torch.equal(batch.targets, short.targets)


#: So many that the held-out ones tell a lag from chance: of 45, one in four errs by a lag or more.
NUM_SEQUENCES = {"per_sequence": 2000, "per_step": 600}


@pytest.mark.parametrize("target", ["per_sequence", "per_step"])
@pytest.mark.parametrize("task_kind", ["classification", "regression"])
def test_the_lag_is_what_a_regression_gains_from_held_out(target: str, task_kind: str) -> None:
    seed, lag = secrets.randbits(32), 6
    print(f"seed {seed}")  # noqa: T201 - pytest shows it where a test fails
    rng = np.random.default_rng(seed)
    lines = ["id,x,label"]
    for name in range(NUM_SEQUENCES[target]):
        x_T = rng.normal(size=int(rng.integers(10, 20)))
        wanted_T = np.r_[np.zeros(lag), x_T[:-lag]]
        if target == "per_sequence":
            wanted_T[:] = wanted_T[-1]
        label_T = wanted_T > 0 if task_kind == "classification" else wanted_T.round(4)
        lines += [f"s{name},{x:.4f},{label}" for x, label in zip(x_T, label_T, strict=True)]

    found = make_task(
        "\n".join(lines), target=target, task=task_kind, features=["x"]
    ).facts.required_lag

    assert (found.min, found.source) == (lag, LagSource.ESTIMATED)
    # the rule lets chance have its way one time in twenty, and then by a few lags
    assert found.timesteps is not None
    assert lag <= found.timesteps <= lag + 3


def test_of_few_sequences_no_lag_is_claimed() -> None:
    lag = make_task(make_csv()).facts.required_lag

    assert (lag.timesteps, lag.source) == (None, LagSource.UNKNOWN)
    assert "too few" in lag.method


def test_the_floors_are_class_shares_and_the_majority() -> None:
    facts = make_task(make_csv()).facts

    assert {b.name: b.metric for b in facts.baselines} == {
        "class_frequencies": "cross_entropy",
        "majority_class": "accuracy",
    }
    assert facts.baselines[0].value == pytest.approx(math.log(2), rel=0.2)
    assert facts.output_size == 2


def test_the_floor_of_a_regression_is_the_mean() -> None:
    facts = make_task(make_csv(), task="regression", label="amount").facts

    assert facts.baseline is not None
    assert (facts.baseline.name, facts.output_size) == ("predict_mean", 1)


@pytest.mark.parametrize(
    ("text", "changes", "place"),
    [
        (make_csv(is_per_step=True), {}, "column 'label'"),
        (make_csv(), {"features": ["x", "label"]}, "row 2, column 'label': 'a' is not a number"),
        (make_csv(), {"features": ["x", "y"]}, "no column 'y'"),
        ("id,x,label\n1,2,a\n2,3,a\n3,4,a\n4,5,a\n", {"features": ["x"]}, "empty|one class"),
        ("id,x,label\n1,2,a\n,3,b\n", {"features": ["x"]}, "row 3, column 'id'"),
        (make_csv(), {"dependency_lag": 500}, "dependency_lag 500"),
    ],
)
def test_data_that_cannot_serve_the_spec_is_refused_with_its_place(
    text: str, changes: dict[str, JsonValue], place: str
) -> None:
    with pytest.raises(InvalidData, match=place):
        make_task(text, **changes)


def test_a_network_learns_to_tell_the_classes_apart() -> None:
    spec = make_spec(
        {
            "model": {"kind": "gru"},
            "dataset": sequences(),
            "optimizer": {"learning_rate": 0.02},
            "training": {"num_steps": 80, "evaluate_every": 80},
        }
    )

    run = train_spec(spec, upload=make_csv().encode())

    assert run.readings("accuracy")[80, "train"] > 0.8
