import math
import secrets

import numpy as np
import pytest
import torch
from pydantic import JsonValue

from app.domain.task import LagSource
from tests.worker.builders import make_spec
from worker.datasets.build import build_task
from worker.datasets.task import Batch, Task

SEED = secrets.randbits(30)
MADE: list[dict[str, JsonValue]] = [
    {"kind": "adding", "length": 30},
    {"kind": "copy_memory", "length": 15},
    {"kind": "temporal_order", "length": 40},
]


def make_task(dataset: dict[str, JsonValue]) -> Task:
    return build_task(make_spec({"dataset": {"seed": SEED, **dataset}}).dataset, upload=None)


def draw(dataset: dict[str, JsonValue], size: int) -> tuple[Task, Batch]:
    task = make_task(dataset)
    return task, task.training_batch(0, batch_size=size, seed=1)


@pytest.mark.parametrize("dataset", MADE)
def test_a_batch_is_a_pure_function_of_both_seeds_and_the_step(
    dataset: dict[str, JsonValue],
) -> None:
    task, again = make_task(dataset), make_task(dataset)

    batch = task.training_batch(5, batch_size=4, seed=1)

    assert torch.equal(batch.inputs_TBI, again.training_batch(5, batch_size=4, seed=1).inputs_TBI)
    for step, seed in ((6, 1), (5, 2)):
        other = task.training_batch(step, batch_size=4, seed=seed)
        assert not torch.equal(batch.inputs_TBI, other.inputs_TBI)


@pytest.mark.parametrize("dataset", MADE)
def test_the_shapes_are_those_of_the_facts(dataset: dict[str, JsonValue]) -> None:
    task, batch = draw(dataset, 4)

    facts = task.facts
    assert batch.inputs_TBI.shape == (facts.length, 4, facts.input_size)
    assert facts.metric == (facts.baseline.metric if facts.baseline else None)


def test_the_floor_of_adding_is_that_of_always_saying_one() -> None:
    task, batch = draw({"kind": "adding", "length": 20}, 200_000)

    measured = (batch.targets - 1).square().mean().item()

    assert task.facts.baseline is not None
    assert task.facts.baseline.value == 1 / 6
    assert measured == pytest.approx(1 / 6, rel=0.02)
    for split, shown in task.evaluation.items():
        on_split = float(np.square(shown.targets.double().numpy() - 1).mean())
        assert task.facts.baseline.scores[split] == pytest.approx(on_split, rel=1e-12)


@pytest.mark.parametrize("length", [20, 21])
def test_adding_sums_the_marked_numbers_one_in_each_half(length: int) -> None:
    task, batch = draw({"kind": "adding", "length": length}, 5000)
    values_TB, marks_TB = batch.inputs_TBI.unbind(dim=-1)

    assert torch.equal(marks_TB.sum(dim=0), torch.full((5000,), 2.0))
    assert torch.equal(marks_TB[: length // 2].sum(dim=0), torch.ones(5000))
    torch.testing.assert_close((values_TB * marks_TB).sum(dim=0), batch.targets[:, 0])
    lags_B = length - 1 - marks_TB.argmax(dim=0)
    lag = task.facts.required_lag
    assert (lag.min, lag.max) == (int(lags_B.min()), int(lags_B.max()))
    assert lag.timesteps == length - 1
    assert lag.source is LagSource.TASK


def test_the_floor_of_copying_is_that_of_guessing_the_symbols() -> None:
    task, batch = draw({"kind": "copy_memory", "length": 100}, 50)
    logits_TBV = torch.full((*batch.targets.shape, 9), -1e9)
    logits_TBV[:-10, :, 0] = 0
    logits_TBV[-10:, :, 1:] = 0

    loss = task.mean_loss(logits_TBV, batch)

    assert task.facts.baseline is not None
    assert task.facts.baseline.value == pytest.approx(10 * math.log(8) / 120)
    assert loss.item() == pytest.approx(task.facts.baseline.value, rel=1e-5)


def test_copying_recalls_each_symbol_at_exactly_its_lag() -> None:
    task, batch = draw({"kind": "copy_memory", "length": 7}, 50)
    codes_TB = batch.inputs_TBI.argmax(dim=-1)
    lag = task.facts.required_lag

    assert (lag.min, lag.timesteps, lag.max) == (17, 17, 17)
    assert torch.equal(batch.targets[17:], codes_TB[:10])
    assert (codes_TB[16] == 9).all()
    assert (batch.targets[:17] == 0).all()


def test_temporal_order_hides_two_symbols_where_it_says() -> None:
    task, batch = draw({"kind": "temporal_order", "length": 100}, 5000)
    codes_TB = batch.inputs_TBI.argmax(dim=-1).numpy()
    is_symbol_TB = codes_TB < 2

    assert (is_symbol_TB.sum(axis=0) == 2).all()
    assert (is_symbol_TB[10:20].sum(axis=0) == 1).all()
    assert (is_symbol_TB[50:60].sum(axis=0) == 1).all()
    pairs_2B = codes_TB.T[is_symbol_TB.T].reshape(-1, 2).T
    np.testing.assert_array_equal(2 * pairs_2B[0] + pairs_2B[1], batch.targets.numpy())
    first_B = is_symbol_TB.argmax(axis=0)
    lag = task.facts.required_lag
    assert (lag.min, lag.max) == (99 - first_B.max(), 99 - first_B.min())


def test_the_floor_of_temporal_order_is_ln_4() -> None:
    task, batch = draw({"kind": "temporal_order", "length": 10}, 5000)

    loss = task.mean_loss(torch.zeros(5000, 4), batch)

    assert task.facts.baseline is not None
    assert task.facts.baseline.value == pytest.approx(math.log(4)) == loss.item()


def test_what_the_client_declares_wins() -> None:
    task = make_task({"kind": "adding", "length": 30, "dependency_lag": {"min": 3, "max": 9}})

    lag = task.facts.required_lag
    assert (lag.min, lag.max, lag.timesteps, lag.source) == (3, 9, 9, LagSource.DECLARED)


def test_most_pixels_of_a_digit_tell_something() -> None:
    lag = make_task({"kind": "digits"}).facts.required_lag

    assert lag.timesteps is not None
    assert 50 <= lag.timesteps < 63
    assert lag.source is LagSource.ESTIMATED


def test_an_epoch_of_digits_shows_each_image_once() -> None:
    task = make_task({"kind": "digits"})
    assert task.facts.baseline is not None
    num_images = 1258

    shown = [task.training_batch(step, batch_size=629, seed=1) for step in range(3)]

    epoch = torch.cat([shown[0].inputs_TBI, shown[1].inputs_TBI], dim=1)[:, :, 0].T
    again = torch.cat([shown[1].inputs_TBI, shown[2].inputs_TBI], dim=1)[:, :, 0].T
    assert len(torch.unique(epoch, dim=0)) == num_images
    assert len(torch.unique(again, dim=0)) < num_images
    assert task.facts.baseline.value == pytest.approx(math.log(10))


def test_digits_are_split_without_overlap_and_otherwise_by_another_seed() -> None:
    task, other = make_task({"kind": "digits", "seed": 1}), make_task({"kind": "digits", "seed": 2})

    parts = {split: batch.inputs_TBI[:, :, 0].T for split, batch in task.evaluation.items()}
    train = task.training_batch(0, batch_size=1258, seed=0).inputs_TBI[:, :, 0].T
    everything = torch.cat([train, parts["validation"], parts["test"]])
    assert len(torch.unique(everything, dim=0)) == len(everything) == 1797
    other_validation = other.evaluation["validation"].inputs_TBI[:, :, 0].T
    assert not torch.equal(parts["validation"], other_validation)


def test_the_probe_looks_at_the_terms_that_need_memory() -> None:
    task = make_task({"kind": "copy_memory", "length": 15})

    sample = task.probe_sample(4, device=torch.device("cpu"), dtype=torch.float32)

    assert sample.counted_TB is not None
    assert sample.counted_TB.sum(dim=0).tolist() == [10] * 4
    assert not sample.counted_TB[:-10].any()
