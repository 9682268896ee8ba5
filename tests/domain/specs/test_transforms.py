"""Transforms against plain loops, their inverses, and the specs that they fit."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from pydantic import JsonValue, TypeAdapter, ValidationError

from app.domain.datasets import parse_csv
from app.domain.errors import InvalidSpec
from app.domain.profiles import profile_csv
from app.domain.specs.base import kind_of
from app.domain.specs.dataset import DatasetSpec
from app.domain.specs.dataset.forecast import ForecastSpec
from app.domain.specs.transform import TRANSFORMS, TransformSpec
from app.domain.specs.transform.base import Transform
from app.domain.specs.transform.chain import TargetTransform

DATASET_ID = "0198a7d2-3c40-7aa0-b3a6-5f1fb1c1d001"
_transforms: TypeAdapter[Transform] = TypeAdapter(TransformSpec)
_datasets: TypeAdapter[object] = TypeAdapter(DatasetSpec)
CHAINS: list[list[JsonValue]] = [
    [],
    ["log1p"],
    ["difference"],
    [{"kind": "difference", "lag": 4}],
    ["log1p", "difference", {"kind": "difference", "lag": 3}],
]


def chain_of(given: Sequence[JsonValue]) -> TargetTransform:
    return TargetTransform(parts=tuple(map(_transforms.validate_python, given)))


def forecast(**changes: JsonValue) -> ForecastSpec:
    given = {"kind": "forecast", "dataset_id": DATASET_ID, "target": "y", "window": 5}
    found = _datasets.validate_python(given | changes)
    assert isinstance(found, ForecastSpec)
    return found


def by_loops(given: Sequence[JsonValue], values: list[float]) -> list[float]:
    """The transformed values, without those that there are none of."""
    for part in given:
        if part == "log1p":
            values = [math.log(1 + value) for value in values]
            continue
        lag = int(str(part["lag"])) if isinstance(part, dict) else 1
        values = [values[t] - values[t - lag] for t in range(lag, len(values))]
    return values


@pytest.mark.parametrize("given", CHAINS, ids=str)
def test_a_chain_is_applied_in_its_order(given: list[JsonValue]) -> None:
    values = [float(t * t % 17) for t in range(40)]
    chain = chain_of(given)

    transformed_N = chain.levels(np.array(values))[-1]

    expected = by_loops(given, values)
    assert chain.reach == len(values) - len(expected)
    assert np.isnan(transformed_N[: chain.reach]).all()
    np.testing.assert_allclose(transformed_N[chain.reach :], expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("given", CHAINS, ids=str)
def test_a_chain_is_undone_from_the_rows_before_a_forecast(given: list[JsonValue]) -> None:
    values_N = np.random.default_rng(3).gamma(2.0, 5.0, 60)
    chain, start_B, horizon = chain_of(given), np.array([12, 40], dtype=np.int32), 9
    levels = chain.levels(values_N)
    row_BH = start_B[:, None] + np.arange(horizon)
    ahead_BHQ = np.repeat(levels[-1][row_BH][:, :, None], 2, axis=2)

    undone_BHQ = chain.undone(ahead_BHQ, chain.before(levels, start_B))

    expected_BHQ = np.repeat(values_N[row_BH][:, :, None], 2, axis=2)
    np.testing.assert_allclose(undone_BHQ, expected_BHQ, rtol=1e-10)


@pytest.mark.parametrize("kind", TRANSFORMS)
def test_the_name_of_a_kind_alone_has_all_defaults(kind: type[Transform]) -> None:
    (found,) = forecast(transform=[kind_of(kind)]).transform

    assert type(found) is kind


def test_a_difference_is_of_the_timestep_before_by_default() -> None:
    (found,) = forecast(transform=["difference"]).transform

    assert found.model_dump() == {"kind": "difference", "lag": 1}


def test_a_transform_of_a_short_series_has_no_value() -> None:
    assert np.isnan(chain_of([{"kind": "difference", "lag": 5}]).levels(np.ones(3))[-1]).all()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"transform": ["difference", "log1p"]}, "log1p is the first transform"),
        ({"transform": ["log1p", "log1p"]}, "log1p is the first transform"),
        ({"transform": ["difference"], "loss": "poisson"}, "without a transform"),
        (
            {"transform": ["difference"], "loss": "quantile", "horizon": 2},
            "a horizon of at most its lag, 1",
        ),
        ({"transform": [{"kind": "difference", "lag": 0}]}, "greater than or equal to 1"),
        ({"transform": ["difference"] * 5}, "at most 4 items"),
        ({"transform": ["logarithm"]}, "'log1p', 'difference'"),
    ],
    ids=str,
)
def test_transforms_that_make_no_sense_are_refused(
    changes: dict[str, JsonValue], reason: str
) -> None:
    with pytest.raises(ValidationError, match=reason):
        forecast(**changes)


def test_quantiles_of_seasonal_changes_reach_up_to_the_season() -> None:
    seasonal: JsonValue = [{"kind": "difference", "lag": 7}]

    assert forecast(transform=seasonal, loss="quantile", horizon=7).horizon == 7


def test_a_logarithm_needs_values_above_minus_one() -> None:
    profile = profile_csv(parse_csv("y\n" + "1\n-1\n3\n" * 40))

    with pytest.raises(InvalidSpec, match="column 'y' has -1") as refused:
        forecast(transform=["log1p"]).shape(profile)

    (problem,) = refused.value.problems
    assert (problem.pointer, problem.code) == ("/dataset/transform/0", "no_logarithm")


def test_values_above_minus_one_have_a_logarithm() -> None:
    profile = profile_csv(parse_csv("y\n" + "0\n-0.99\n3\n" * 40))

    assert forecast(transform=["log1p"]).shape(profile).input_size == 1


def test_a_difference_takes_rows_from_the_first_window() -> None:
    profile = profile_csv(parse_csv("y\n" + "1\n2\n5\n" * 40))
    seasonal: JsonValue = {"kind": "difference", "lag": 78}

    assert forecast(transform=[seasonal]).shape(profile).length == 5
    with pytest.raises(InvalidSpec, match="after the 79 rows that the transform takes"):
        forecast(transform=[seasonal, "difference"]).shape(profile)


DATED = "d,t,y\n" + "".join(f"2024-01-{day:02d},{day},{day % 5}\n" for day in range(1, 32))


@pytest.mark.parametrize(("horizon", "input_size"), [(1, 1 + 4), (2, 1 + 8)])
def test_a_calendar_is_read_for_the_first_and_the_last_timestep_ahead(
    horizon: int, input_size: int
) -> None:
    split: JsonValue = {"train": 0.5, "validation": 0.25, "test": 0.25}
    asked = forecast(
        calendar=["day_of_week", "day_of_month"], time_column="d", horizon=horizon, split=split
    )

    assert asked.shape(profile_csv(parse_csv(DATED))).input_size == input_size
    assert asked.calendar_leads == tuple({1, horizon})


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, "calendar needs a time_column"),
        ({"time_column": "d", "calendar": ["day_of_week"] * 2}, "only once"),
        ({"time_column": "d", "calendar": ["weekday"]}, "'day_of_week'"),
        ({"time_column": "d", "scaling": "min_max"}, "'global', 'per_series' or 'per_window'"),
    ],
    ids=str,
)
def test_a_calendar_that_cannot_be_read_is_refused(
    changes: dict[str, JsonValue], reason: str
) -> None:
    usual: dict[str, JsonValue] = {"calendar": ["day_of_week"]}

    with pytest.raises(ValidationError, match=reason):
        forecast(**(usual | changes))


def test_a_calendar_needs_dates() -> None:
    asked = forecast(calendar=["day_of_week"], time_column="t")

    with pytest.raises(InvalidSpec, match="column 't' holds number, not dates") as refused:
        asked.shape(profile_csv(parse_csv(DATED)))

    assert next(iter(refused.value.problems)).code == "column_not_dates"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"features": ["x"]}, "the future of x is not known"),
        ({"horizon": 5}, "more than the horizon"),
        ({"recursive_steps": 1001}, "less than or equal to 1000"),
    ],
    ids=str,
)
def test_recursive_steps_that_cannot_be_scored_are_refused(
    changes: dict[str, JsonValue], reason: str
) -> None:
    usual: dict[str, JsonValue] = {"recursive_steps": 5}

    with pytest.raises(ValidationError, match=reason):
        forecast(**(usual | changes))


def test_recursive_steps_need_room_in_validation_and_test() -> None:
    profile = profile_csv(parse_csv("y\n" + "1\n2\n5\n4\n" * 25))

    assert forecast(recursive_steps=15).shape(profile).output_size == 1
    with pytest.raises(InvalidSpec, match="15 rows, is too short for 14 recursive") as refused:
        forecast(recursive_steps=14, horizon=4).shape(profile)

    (problem,) = refused.value.problems
    assert problem.pointer == "/dataset/recursive_steps"


def test_a_difference_takes_values_of_any_sign() -> None:
    profile = profile_csv(parse_csv("y\n" + "1\n-1\n3\n" * 40))

    assert forecast(transform=["difference"]).shape(profile).output_size == 1
