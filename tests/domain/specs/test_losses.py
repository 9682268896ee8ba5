"""The formulas of losses against plain loops, and their best constants against a search."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from pydantic import JsonValue, TypeAdapter, ValidationError

from app.domain.specs.dataset import DatasetSpec
from app.domain.specs.dataset.forecast import ForecastSpec
from app.domain.specs.dataset.sequences import SequencesSpec
from app.domain.specs.loss import LOSSES, LossSpec
from app.domain.specs.loss.base import Loss

DATASET_ID = "0198a7d2-3c40-7aa0-b3a6-5f1fb1c1d001"
_losses: TypeAdapter[Loss] = TypeAdapter(LossSpec)
_datasets: TypeAdapter[object] = TypeAdapter(DatasetSpec)


def make_loss(given: JsonValue) -> Loss:
    return _losses.validate_python(given)


def huber(answer: float, wanted: float, delta: float) -> float:
    size = abs(answer - wanted)
    return size**2 / 2 if size <= delta else delta * (size - delta / 2)


def pinball(answer: float, wanted: float, level: float) -> float:
    return level * (wanted - answer) if wanted > answer else (1 - level) * (answer - wanted)


def deviance(rate: float, wanted: float) -> float:
    return 2 * ((wanted * math.log(wanted / rate) if wanted else 0) - wanted + rate)


@dataclass(frozen=True)
class Number:
    """A number with the operations that a formula may use."""

    value: float

    def __add__(self, other: "Number", /) -> "Number":
        return Number(self.value + other.value)

    def __sub__(self, other: "Number", /) -> "Number":
        return Number(self.value - other.value)

    def __mul__(self, other: "Number", /) -> "Number":
        return Number(self.value * other.value)

    def __rmul__(self, other: float, /) -> "Number":
        return Number(other * self.value)

    def abs(self) -> "Number":
        return Number(abs(self.value))

    def clip(self, least: float, most: float, /) -> "Number":
        return Number(min(max(self.value, least), most))

    def exp(self) -> "Number":
        return Number(math.exp(self.value))


@pytest.mark.parametrize(
    ("given", "outputs", "expected"),
    [
        ("mse", [3.0], 4.0),
        ("mae", [3.0], 2.0),
        ({"kind": "huber", "delta": 0.5}, [3.0], 0.5 * (2 - 0.25)),
        ({"kind": "huber", "delta": 4.0}, [3.0], 2.0),
        ("poisson", [2.0], math.exp(2) - 2),
        ({"kind": "quantile", "levels": [0.2, 0.7]}, [3.0, 0.5], (0.8 * 2 + 0.7 * 0.5) / 2),
    ],
)
def test_the_term_of_a_target_of_one_is_its_formula(
    given: JsonValue, outputs: list[float], expected: float
) -> None:
    term = make_loss(given).term([Number(output) for output in outputs], Number(1.0))

    assert term.value == pytest.approx(expected, rel=1e-12)


def test_a_loss_has_one_output_for_each_target_with_its_name() -> None:
    loss = make_loss("mae")

    assert (loss.outputs_per_target, loss.point_output) == (1, 0)
    assert loss.output_names("y +1") == ("y +1",)


#: A loss, and the metric of its first output in a plain formula.
PLAIN: list[tuple[JsonValue, Callable[[float, float], float]]] = [
    ("mse", lambda answer, wanted: (answer - wanted) ** 2),
    ("mae", lambda answer, wanted: abs(answer - wanted)),
    ({"kind": "huber", "delta": 0.5}, lambda answer, wanted: huber(answer, wanted, 0.5)),
    ("poisson", deviance),
    (
        {"kind": "quantile", "levels": [0.2]},
        lambda answer, wanted: pinball(answer, wanted, 0.2),
    ),
]


@pytest.mark.parametrize(("given", "plain"), PLAIN)
def test_the_metric_of_a_loss_is_its_formula(
    given: JsonValue, plain: Callable[[float, float], float]
) -> None:
    rng = np.random.default_rng(1)
    answer_n, wanted_n = rng.gamma(2, 1, 50), np.r_[0.0, rng.gamma(2, 1, 49)]

    sizes_n = make_loss(given).sizes(answer_n[:, None], wanted_n)

    expected = [plain(*pair) for pair in zip(answer_n.tolist(), wanted_n.tolist(), strict=True)]
    np.testing.assert_allclose(sizes_n, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("given", "plain"), PLAIN)
def test_no_constant_is_better_than_the_best_one(
    given: JsonValue, plain: Callable[[float, float], float]
) -> None:
    wanted_n = np.random.default_rng(2).gamma(1, 2, 201)

    [best] = make_loss(given).best_constant(wanted_n)

    def mean_of(constant: float) -> float:
        return sum(plain(constant, wanted) for wanted in wanted_n.tolist()) / len(wanted_n)

    others = np.linspace(max(1e-3, best - 1), best + 1, 401).tolist()
    assert mean_of(best) <= min(map(mean_of, others)) + 1e-9


def test_several_quantiles_are_scored_by_their_mean() -> None:
    loss = make_loss({"kind": "quantile", "levels": [0.1, 0.6, 0.9]})
    wanted_n = np.arange(11.0)

    [size] = loss.sizes(np.array([[1.0, 2.0, 3.0]]), np.array([2.5]))

    expected = [pinball(answer, 2.5, level) for answer, level in ((1, 0.1), (2, 0.6), (3, 0.9))]
    assert size == pytest.approx(sum(expected) / 3)
    assert loss.best_constant(wanted_n).tolist() == pytest.approx([1, 6, 9])
    assert (loss.outputs_per_target, loss.point_output) == (3, 1)
    assert loss.output_names("y +1") == ("y +1 q0.1", "y +1 q0.6", "y +1 q0.9")


def test_a_rate_of_zero_has_an_infinite_deviance_unless_nothing_came() -> None:
    sizes_n = make_loss("poisson").sizes(np.zeros((2, 1)), np.array([0.0, 3.0]))

    assert sizes_n.tolist() == [0, math.inf]


def test_a_name_alone_is_the_kind_with_its_defaults() -> None:
    kinds = ["mse", "mae", "huber", "quantile", "poisson"]

    assert [make_loss(kind) for kind in kinds] == [make_loss({"kind": kind}) for kind in kinds]
    assert [type(make_loss(kind)) for kind in kinds] == list(LOSSES)
    assert make_loss("huber").model_dump() == {"kind": "huber", "delta": 1.0}
    assert make_loss("quantile").model_dump()["levels"] == (0.1, 0.5, 0.9)


@pytest.mark.parametrize(
    "given",
    [
        "l4",
        {"kind": "huber", "delta": 0},
        {"kind": "quantile", "levels": []},
        {"kind": "quantile", "levels": [0.5, 0.1]},
        {"kind": "quantile", "levels": [0.5, 0.5]},
        {"kind": "quantile", "levels": [0, 0.5]},
        {"kind": "quantile", "levels": [0.5, 1]},
        {"kind": "quantile", "levels": [n / 22 for n in range(1, 22)]},
        {"kind": "mae", "delta": 1.0},
        5,
    ],
)
def test_a_loss_that_makes_no_sense_is_refused(given: JsonValue) -> None:
    with pytest.raises(ValidationError):
        make_loss(given)


def sequences(**more: JsonValue) -> SequencesSpec:
    found = _datasets.validate_python(
        {
            "kind": "sequences",
            "dataset_id": DATASET_ID,
            "sequence_column": "id",
            "features": ["x"],
            "label": "z",
            **more,
        }
    )
    assert isinstance(found, SequencesSpec)
    return found


def test_a_classification_has_no_loss_of_numbers() -> None:
    with pytest.raises(ValidationError, match="loss is for regressions"):
        sequences(loss="mae")


def test_a_regression_minimises_the_squared_error_unless_told() -> None:
    assert sequences(task="regression").loss_of_numbers.kind == "mse"
    assert sequences(task="regression", loss="mae").loss_of_numbers.kind == "mae"


def test_the_forecast_of_earlier_releases_is_still_read() -> None:
    found = _datasets.validate_python(
        {"kind": "forecast", "dataset_id": DATASET_ID, "target": "y", "loss": "mae"}
    )

    assert isinstance(found, ForecastSpec)
    assert found.loss.model_dump() == {"kind": "mae"}


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"task": "regression", "class_weights": "balanced"}, "for classifications"),
        ({"task": "regression", "sampling": "balanced"}, "for classifications"),
        ({"target": "per_step", "sampling": "balanced"}, "several classes per_step"),
        ({"class_weights": "balanced", "sampling": "balanced"}, "twice"),
    ],
)
def test_a_balance_that_makes_no_sense_is_refused(more: dict[str, JsonValue], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        sequences(**more)


def test_classes_count_alike_where_asked_for() -> None:
    assert not sequences().is_balanced
    assert sequences(class_weights="balanced").is_balanced
    assert sequences(sampling="balanced").is_balanced
