"""Cautions that one column shows: each with what is meant and with what just is not."""

import numpy as np
import pytest
from numpy.typing import NDArray

from app.domain.cautions import words
from tests.domain.cautions.tables import cautions, hours, season, table, walk

N = 1000


def some(count: int, *, seed: int = 5) -> NDArray[np.intp]:
    return np.sort(np.random.default_rng(seed).choice(N, count, replace=False))


def codes_of(values: NDArray[np.float64], **others: NDArray[np.int64]) -> set[str]:
    return set(cautions(table(hours(len(values)), y=values, **others)))


def with_values(rows: NDArray[np.intp] | list[int], *values: float) -> NDArray[np.float64]:
    changed = season()
    changed[rows] = np.resize(values, len(rows))
    return changed


@pytest.mark.parametrize("value", [-200.0, -999.0, 9999.0, -99.9, -32768.0])
def test_a_number_far_from_all_others_that_is_repeated_is_a_sentinel(value: float) -> None:
    rows = some(20)

    found = cautions(table(hours(N), y=with_values(rows, value)))

    assert set(found) == {"sentinels"}
    caution = found["sentinels"]
    assert caution.column == "y"
    assert caution.num_rows == 20
    assert caution.rows == tuple(rows[:5] + 2)
    assert f"sentinels={value:g}:" in caution.detail
    assert "20 rows (2 %)" in caution.detail


def test_two_sentinels_are_named_together() -> None:
    found = cautions(table(hours(N), y=with_values(some(20), -999.0, 9999.0)))

    assert set(found) == {"sentinels"}
    assert "sentinels=-999,9999:" in found["sentinels"].detail or (
        "sentinels=9999,-999:" in found["sentinels"].detail
    )


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(with_values(some(20), 45.0), id="close to the others"),
        pytest.param(with_values(some(20), -5.0), id="no usual sentinel, and not far"),
        pytest.param(np.round(10 * season()), id="many values from 0 to 500"),
        pytest.param(np.where(np.arange(N) % 3 == 0, 20.0, 999.0), id="two levels"),
        pytest.param(np.where(np.arange(N) % 9 == 0, 1.0, 0.1 * np.sin(walk())), id="shares"),
    ],
)
def test_what_resembles_a_sentinel_is_none(values: NDArray[np.float64]) -> None:
    assert "sentinels" not in codes_of(values)


def test_as_few_values_as_a_sentinel_needs_are_too_few_to_tell_it() -> None:
    assert "sentinels" not in codes_of(np.array([-999.0] * 5 + [1.0, 2.0, 3.0] * 2))


@pytest.mark.parametrize(
    ("rows", "values"), [([100, 500], (1000.0, -800.0)), ([300], (140.0,)), ([7], (-120.0,))]
)
def test_single_values_far_outside_are_outliers(rows: list[int], values: tuple[float, ...]) -> None:
    found = cautions(table(hours(N), y=with_values(rows, *values)))

    assert set(found) == {"outliers"}
    assert found["outliers"].rows == tuple(row + 2 for row in rows)
    farthest = max(values, key=abs)
    assert f"the farthest, {farthest:g}," in found["outliers"].detail


def test_a_peak_in_a_random_walk_is_an_outlier_by_its_neighbours() -> None:
    values = walk()
    values[300] += 60

    found = cautions(table(hours(N), y=values))

    assert set(found) == {"outliers"}
    assert found["outliers"].rows == (302,)
    assert "far from the rows before and after" in found["outliers"].detail


def test_the_jump_from_one_series_to_the_next_is_no_outlier() -> None:
    values = np.concatenate([season(500), 1000 + season(500)])
    series = ["a"] * 500 + ["b"] * 500

    found = cautions(table(hours(N), shop=series, y=values), series_column="shop")

    assert found == {}


def test_the_longest_durations_and_many_names_are_short_in_words() -> None:
    assert words.duration(90.0) == "1.5 minutes"
    assert words.duration(2.0) == "2 s"
    assert words.number(1.0 / 3) == "0.333333"
    assert words.percent(1.0) == "100 %"


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(with_values([300], 55.0), id="just outside"),
        pytest.param(np.random.default_rng(3).standard_t(3, size=N), id="heavy tails"),
        pytest.param(np.exp(np.random.default_rng(3).normal(size=N)), id="log-normal"),
        pytest.param(walk(), id="random walk"),
        pytest.param(np.where(np.arange(N) == 7, 900.0, np.arange(N) % 5), id="few levels"),
        pytest.param(season(40), id="few values"),
        pytest.param(np.where(np.arange(N) % 20 == 0, walk(), 0.0), id="no width"),
        pytest.param(np.where(np.arange(N) % 90 == 0, 900.0, season()), id="more than a percent"),
    ],
)
def test_values_that_others_lead_up_to_are_no_outliers(values: NDArray[np.float64]) -> None:
    assert "outliers" not in codes_of(values)


def test_zeros_that_are_many_are_told_with_the_loss_for_a_target() -> None:
    values = season().clip(min=1)
    values[some(600)] = 0

    found = cautions(table(hours(N), y=values))

    assert set(found) == {"many_zeros"}
    assert "600 values (60 %) are 0" in found["many_zeros"].detail
    assert "poisson" in found["many_zeros"].detail


def test_few_zeros_far_below_all_others_are_told() -> None:
    values = 1000 + season()
    values[some(10)] = 0

    found = cautions(table(hours(N), y=values))

    assert set(found) == {"many_zeros"}
    assert "sentinels=0" in found["many_zeros"].detail
    assert "poisson" not in found["many_zeros"].detail


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(with_values(some(20), 0.0), id="zeros among others"),
        pytest.param(np.random.default_rng(1).poisson(2, size=N).astype(float), id="counts"),
        pytest.param(np.arange(N) % 2 * 1.0, id="flags"),
        pytest.param(np.where(np.isin(np.arange(N), some(20)), 0, walk()), id="both signs"),
        pytest.param(np.where(np.arange(N) < 2, 0.0, 1000 + season()), id="two zeros"),
    ],
)
def test_few_zeros_that_others_surround_are_none_too_many(values: NDArray[np.float64]) -> None:
    assert "many_zeros" not in codes_of(values)


@pytest.mark.parametrize("decimals", [2, 0])
def test_a_sensor_that_is_stuck_is_told(decimals: int) -> None:
    values = np.round(season(), decimals)
    values[300:400] = 31

    found = cautions(table(hours(N), y=values))

    assert set(found) == {"constant_stretches"}
    assert found["constant_stretches"].rows == (302, 303, 304, 305, 306)
    assert found["constant_stretches"].num_rows == 100
    assert "is 31 in 100 rows" in found["constant_stretches"].detail


def test_several_stretches_are_counted() -> None:
    values = season()
    values[100:150], values[300:400] = 31, 17

    detail = cautions(table(hours(N), y=values))["constant_stretches"].detail

    assert "is 17 in 100 rows" in detail
    assert "there are 2 such stretches" in detail


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(np.repeat(season(100), 10), id="each value ten times"),
        pytest.param(np.where(season() > 25, season(), 0.0), id="zeros of the night"),
        pytest.param(np.repeat(np.arange(10.0), 100), id="few levels"),
        pytest.param(
            np.where((np.arange(N) > 500) & (np.arange(N) < 515), 31.0, season()), id="short"
        ),
    ],
)
def test_usual_repetitions_are_no_stretch(values: NDArray[np.float64]) -> None:
    assert "constant_stretches" not in codes_of(values)


def test_a_column_that_never_changes_is_told() -> None:
    data = table(hours(N), y=season(), fixed=np.full(N, 7.5), word=["same"] * N, none=[""] * N)

    examined = [cautions(data, features=(name,)) for name in ("fixed", "word", "none")]

    details = [found["constant_column"].detail for found in examined]
    assert [set(found) for found in examined] == [{"constant_column"}] * 3
    assert "'fixed' is 7.5 in every row" in details[0]
    assert "'word' is 'same' in every row" in details[1]
    assert "'none' has no value" in details[2]


def test_a_target_that_never_changes_leaves_nothing_to_predict() -> None:
    detail = cautions(table(hours(N), y=np.full(N, 7.5)))["constant_column"].detail

    assert "nothing to predict" in detail


def test_a_column_that_changes_once_is_not_constant() -> None:
    step = np.where(np.arange(N) < 900, 1.0, 2.0)

    assert cautions(table(hours(N), y=season(), x=step)) == {}


def test_many_missing_values_are_told() -> None:
    found = cautions(table(hours(N), y=with_values(some(600), np.nan)))

    assert set(found) == {"missing_values"}
    assert "600 rows (60 %) have no value" in found["missing_values"].detail


def test_a_long_gap_of_one_series_is_told() -> None:
    values = season()
    values[450:550] = np.nan
    series = ["a"] * 500 + ["b"] * 500

    found = cautions(table(hours(N), shop=series, y=values), series_column="shop")

    assert set(found) == {"missing_values"}
    assert "at most 50 of them follow each other" in found["missing_values"].detail


def test_few_missing_values_are_usual() -> None:
    assert codes_of(with_values(some(100), np.nan)) == set()


def test_a_missing_label_of_a_series_has_to_be_filled_in() -> None:
    series = ["a"] * 400 + [""] * 300 + ["b"] * 300

    found = cautions(table(hours(N), shop=series, y=season()), series_column="shop")

    assert set(found) == {"missing_values"}
    assert "fill it in" in found["missing_values"].detail


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("n", np.arange(N)),
        ("n", np.arange(2 * N, 0, -2)),
        ("order_id", np.random.default_rng(1).permutation(N)),
    ],
)
def test_a_column_that_numbers_the_rows_is_told(name: str, values: NDArray[np.int64]) -> None:
    data = table(hours(N), y=season(), **{name: values})

    assert cautions(data)["id_like_column"].column == name


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("people", np.random.default_rng(1).permutation(N)),
        ("order_id", np.random.default_rng(1).integers(10**6, size=N) // 2 * 2),
        ("order_id", np.arange(N) // 2),
    ],
)
def test_whole_numbers_that_measure_are_not_told(name: str, values: NDArray[np.int64]) -> None:
    assert "id_like_column" not in cautions(table(hours(N), y=season(), **{name: values}))


def test_a_counter_that_is_time_or_target_is_none() -> None:
    counter = np.arange(N)

    assert cautions(table(t=counter, y=season()), time_column="t") == {}
    assert "id_like_column" not in cautions(table(hours(N), y=counter))


def test_whole_numbers_with_the_name_of_a_thing_are_codes() -> None:
    data = table(hours(N), y=season(), store_nbr=np.arange(N) % 4)

    assert cautions(data)["integer_codes"].column == "store_nbr"


@pytest.mark.parametrize(
    ("name", "values"),
    [("rooms", np.arange(N) % 4), ("store_id", np.arange(N) % 2), ("store_id", np.arange(N) // 2)],
)
def test_amounts_and_flags_are_no_codes(name: str, values: NDArray[np.int64]) -> None:
    assert "integer_codes" not in cautions(table(hours(N), y=season(), **{name: values}))
