"""What each data set says of its task before any data is read."""

import inspect
import math

import pytest
from pydantic import JsonValue

from app.domain.errors import InvalidData
from app.domain.specs.base import kind_of
from app.domain.specs.dataset import DATASETS
from app.domain.specs.dataset.base import Dataset, MadeDataset, UploadedDataset
from app.domain.specs.dataset.temporal_order import (
    FIRST_TENTHS,
    SECOND_TENTHS,
    TemporalOrderSpec,
)
from app.domain.task import LagSource, TaskShape
from tests.domain.builders import job

ADDING: dict[str, JsonValue] = {"kind": "adding", "length": 9}
COPY: dict[str, JsonValue] = {"kind": "copy_memory", "length": 5}
ORDER: dict[str, JsonValue] = {"kind": "temporal_order", "length": 40}


def dataset(parts: dict[str, JsonValue], **more: JsonValue) -> Dataset:
    return job(dataset={**parts, **more}).dataset


def made(parts: dict[str, JsonValue], **more: JsonValue) -> MadeDataset:
    found = dataset(parts, **more)
    assert isinstance(found, MadeDataset)
    return found


def test_the_data_sets_are_known_by_their_kinds() -> None:
    kinds = ["adding", "copy_memory", "temporal_order", "digits", "forecast", "text", "sequences"]

    assert [kind_of(one) for one in DATASETS] == kinds
    uploaded = [kind_of(one) for one in DATASETS if issubclass(one, UploadedDataset)]
    assert uploaded == ["forecast", "text", "sequences"]


@pytest.mark.parametrize("one", DATASETS, ids=kind_of)
def test_a_data_set_has_a_line_on_what_it_is(one: type[Dataset]) -> None:
    assert (inspect.getdoc(one) or "").splitlines()[0].endswith((".", ")"))


@pytest.mark.parametrize(
    ("parts", "lags", "method"),
    [
        # the first mark lies anywhere in the first half, whose timesteps are 0 … 3
        (ADDING, (5, 7, 8), "first mark"),
        # the symbols are shown at 0 … 9 and recalled at 15 … 24
        (COPY, (15, 15, 15), "recalled"),
        # the first symbol lies at 4 … 7, the last timestep is 39
        (ORDER, (32, 34, 35), "first symbol"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_the_lag_of_a_made_task_follows_from_its_definition(
    parts: dict[str, JsonValue], lags: tuple[int, int, int], method: str
) -> None:
    lag = made(parts).facts().required_lag

    assert (lag.min, lag.median, lag.max) == lags
    assert lag.timesteps == lag.max
    assert lag.source is LagSource.TASK
    assert method in lag.method


@pytest.mark.parametrize(
    ("parts", "metric", "floor", "others"),
    [
        (ADDING, "mse", 1 / 6, {}),
        (COPY, "cross_entropy", 10 * math.log(8) / 25, {"accuracy": 1 / 8}),
        (ORDER, "cross_entropy", math.log(4), {"accuracy": 1 / 4}),
    ],
    ids=lambda value: str(value)[:20],
)
def test_the_baseline_of_a_made_task_is_that_of_guessing(
    parts: dict[str, JsonValue], metric: str, floor: float, others: dict[str, float]
) -> None:
    facts = made(parts).facts()

    first, *more = facts.baselines
    assert (first.metric, facts.metric) == (metric, metric)
    assert first.value == pytest.approx(floor)
    assert {one.metric: one.value for one in more} == pytest.approx(others)
    assert facts.attainable == 0
    assert facts.mode.is_better(0.1, than=0.2)


@pytest.mark.parametrize("parts", [ADDING, COPY, ORDER], ids=lambda parts: str(parts["kind"]))
def test_a_made_task_has_the_shape_and_length_of_its_facts(parts: dict[str, JsonValue]) -> None:
    one = made(parts)

    assert one.shape(None) == TaskShape.of_task(one.facts())
    assert one.sequence_length == one.facts().length


@pytest.mark.parametrize(
    ("tenths", "timesteps"),
    [((1, 2), (1, 2)), ((5, 6), (5, 6)), ((0, 10), (0, 11)), ((0, 0), (0, 1)), ((3, 3), (3, 4))],
)
def test_tenths_of_a_short_sequence_are_at_least_a_timestep(
    tenths: tuple[int, int], timesteps: tuple[int, int]
) -> None:
    one = dataset(ORDER, length=11)

    assert isinstance(one, TemporalOrderSpec)
    assert one.timesteps(tenths) == timesteps


def test_the_two_symbols_lie_in_the_second_and_the_sixth_tenth() -> None:
    one = dataset(ORDER)

    assert isinstance(one, TemporalOrderSpec)
    assert one.timesteps(FIRST_TENTHS) == (4, 8)
    assert one.timesteps(SECOND_TENTHS) == (20, 24)


@pytest.mark.parametrize(
    ("declared", "lags"), [(3, (3, 3, 3)), ({"min": 1, "max": 4}, (1, 3, 4)), (0, (0, 0, 0))]
)
def test_what_the_client_declares_wins(declared: JsonValue, lags: tuple[int, int, int]) -> None:
    lag = made(ADDING, dependency_lag=declared).facts().required_lag

    assert (lag.min, lag.median, lag.max) == lags
    assert lag.timesteps == lag.max
    assert lag.source is LagSource.DECLARED
    assert lag.method == "declared as dataset.dependency_lag"


def test_nothing_is_declared_by_default() -> None:
    assert dataset(ADDING).declared_lag() is None


def test_a_declared_lag_is_shorter_than_the_longest_sequence() -> None:
    one = dataset(ADDING, dependency_lag={"min": 1, "max": 4})

    fitting = one.declared_lag(length=5)
    assert one.declared_lag(length=50) == fitting
    with pytest.raises(InvalidData, match=r"dependency_lag 4 does not fit .* at most 3"):
        one.declared_lag(length=4)

    assert fitting is not None
    assert fitting.max == 4
