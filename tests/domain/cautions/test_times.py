"""Cautions about times, rows and parts: each with what is meant and with what just is not."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.domain.cautions.tables import (
    HOUR_S,
    START_S,
    cautions,
    dates,
    hours,
    season,
    table,
    walk,
)

DAY_S = 24 * HOUR_S
N = 1000


def codes_of(time: NDArray[np.float64]) -> set[str]:
    return set(cautions(table(time, y=season(len(time)))))


def test_times_that_are_left_out_are_told() -> None:
    kept = np.delete(np.arange(N), [5, 6, 7, 100, 500])

    caution = cautions(table(hours(N)[kept], y=season()[kept]))["gaps"]

    assert caution.column == "time"
    assert caution.rows == (7, 99, 498)
    assert "3 of 994 steps are longer than 1 hour, and 5 times are left out" in caution.detail
    assert "the longest, 4 hours, ends at row 7" in caution.detail


def test_many_times_that_are_left_out_are_no_schedule() -> None:
    kept = np.sort(np.random.default_rng(1).choice(N, 900, replace=False))

    assert codes_of(hours(N)[kept]) == {"gaps"}


def test_one_time_that_is_left_out_is_told() -> None:
    assert "1 of 998 steps is longer" in (
        cautions(table(np.delete(hours(N), 9), y=season(N - 1)))["gaps"].detail
    )


def test_months_that_are_left_out_are_told() -> None:
    months = np.arange("1960-01", "2020-01", dtype="datetime64[M]")
    time = np.delete(months, [100, 101]).astype("datetime64[s]").astype(np.float64)

    caution = cautions(table(time, y=season(len(time))))["gaps"]

    assert "longer than 1 month" in caution.detail
    assert "the longest, 3 months" in caution.detail


def test_numbers_that_are_left_out_are_told() -> None:
    years = np.delete(np.arange(1000, 2000), 300)

    found = cautions(table(year=years, y=season(N - 1)), time_column="year")

    assert "longer than 1," in found["gaps"].detail


def business_days(count: int) -> NDArray[np.float64]:
    days = np.busday_offset(np.datetime64("2021-01-04"), np.arange(count))
    return np.asarray(days).astype("datetime64[s]").astype(np.float64)


def month_ends(count: int) -> NDArray[np.float64]:
    months = np.datetime64("1900-01", "M") + np.arange(1, count + 1)
    return (months.astype("datetime64[D]") - 1).astype("datetime64[s]").astype(np.float64)


def office_hours(count: int) -> NDArray[np.float64]:
    hour = np.arange(count)
    return START_S + hour // 8 * DAY_S + (9 + hour % 8) * HOUR_S


@pytest.mark.parametrize(
    "time",
    [
        hours(N),
        hours(N, step_s=DAY_S),
        business_days(N),
        np.delete(business_days(N), [17, 98, 99, 300, 700]),
        month_ends(N),
        month_ends(3 * N)[::3],
        office_hours(N),
        hours(N) + np.random.default_rng(1).uniform(0, 60, size=N),
        hours(8) ** 1.001,
    ],
    ids=[
        *("hours", "days", "business days", "holidays", "month ends", "quarters", "office hours"),
        *("jitter", "few"),
    ],
)
def test_regular_times_have_no_caution(time: NDArray[np.float64]) -> None:
    assert codes_of(time) <= {"tiny_data"}


def test_a_long_pause_of_business_days_is_told() -> None:
    time = np.delete(business_days(N), np.arange(200, 215))

    assert codes_of(time) == {"gaps"}


def test_steps_that_differ_are_told() -> None:
    step_s = np.random.default_rng(1).exponential(HOUR_S, size=N)

    caution = cautions(table(START_S + np.cumsum(step_s), y=season()))["irregular_steps"]

    assert "differ from the median step" in caution.detail
    assert caution.num_rows > 500


def test_equal_times_are_told() -> None:
    time = hours(N)
    time[50] = time[49]

    caution = cautions(table(time, y=season()))["ties"]

    assert caution.rows == (52,)
    assert "1 row (0.1 %) has the same time as another row of the file" in caution.detail
    assert "dataset.equal_times" in caution.detail
    assert "time_zone" not in caution.detail


def test_an_hour_that_occurs_twice_is_told_with_the_time_zone() -> None:
    utc = np.arange("2023-10-20", "2023-11-09", dtype="datetime64[h]")
    local = utc + np.where(utc < np.datetime64("2023-10-29T01"), 2, 1)
    time = local.astype("datetime64[s]").astype(np.float64)

    found = cautions(table(time, y=season(len(time))))

    assert set(found) == {"ties"}
    assert "time_zone, for instance Europe/Berlin" in found["ties"].detail
    assert "keep_first or mean" in found["ties"].detail


@pytest.mark.parametrize("at", ["2023-10-30T02", "2023-10-29T12"])
def test_equal_times_elsewhere_have_nothing_to_do_with_clocks(at: str) -> None:
    time = np.sort(np.append(dates(at), np.arange(400) * HOUR_S + dates("2023-10-20")[0]))

    assert "time_zone" not in cautions(table(time, y=season(401)))["ties"].detail


def test_times_that_all_repeat_are_of_several_series() -> None:
    time = np.repeat(hours(500), 2)

    alone = cautions(table(time, shop=["a", "b"] * 500, y=season()))
    told = cautions(table(time, shop=["a", "b"] * 500, y=season()), series_column="shop")

    assert "set dataset.series_column" in alone["ties"].detail
    assert told == {}


def test_equal_times_in_a_series_are_told() -> None:
    time = np.repeat(hours(500), 2)
    time[7] = time[9]

    found = cautions(table(time, shop=["a", "b"] * 500, y=season()), series_column="shop")

    assert "of its series" in found["ties"].detail


def test_rows_that_run_backwards_are_told() -> None:
    caution = cautions(table(hours(N)[::-1], y=season()))["descending_time"]

    assert caution.num_rows == N - 1
    assert "the rows run backwards in time" in caution.detail


def test_rows_that_go_back_in_their_series_are_told() -> None:
    time = np.repeat(hours(500), 2)
    time[[100, 102]] = time[[102, 100]]

    found = cautions(table(time, shop=["a", "b"] * 500, y=season()), series_column="shop")

    assert set(found) == {"descending_time"}
    assert found["descending_time"].rows == (104,)
    assert "1 row has an earlier time than the row before of its series" in (
        found["descending_time"].detail
    )


def test_series_that_follow_each_other_do_not_go_back() -> None:
    time = np.tile(hours(500), 2)

    found = cautions(table(time, shop=["b"] * 500 + ["a"] * 500, y=season()), series_column="shop")

    assert found == {}


def test_times_that_are_missing_or_text_are_not_examined() -> None:
    time = hours(N)
    time[5] = np.nan

    assert codes_of(time) == set()
    assert cautions(table(word=["b", "a"] * 500, y=season()), time_column="word") == {}


def test_rows_that_occur_twice_are_told() -> None:
    place = np.append(np.arange(N), [10, 11])

    found = cautions(table(a=walk()[place], b=season()[place], y=walk(seed=2)[place]))

    assert set(found) == {"duplicate_rows"}
    assert found["duplicate_rows"].rows == (N + 2, N + 3)
    assert "equal_times" not in found["duplicate_rows"].detail


def test_dated_rows_that_occur_twice_are_told_with_the_choice() -> None:
    place = np.append(np.arange(N), 10)

    found = cautions(table(hours(N)[place], y=season()[place]))

    assert set(found) == {"ties", "duplicate_rows"}
    assert "equal_times keep_first" in found["duplicate_rows"].detail


def test_rows_of_few_values_are_equal_by_chance() -> None:
    values = np.random.default_rng(1).integers(5, size=(3, N))

    assert cautions(table(a=values[0], b=values[1], y=values[2])) == {}


def test_rows_that_miss_the_same_cells_are_equal() -> None:
    gap = walk()
    gap[::2] = np.nan
    place = np.append(np.arange(N), 10)

    found = cautions(table(a=gap[place], b=walk(seed=3)[place], y=season()[place]))

    assert "duplicate_rows" in found


def test_few_rows_are_told() -> None:
    assert "there are 99 rows" in cautions(table(hours(99), y=season(99)))["tiny_data"].detail
    assert cautions(table(hours(100), y=season(100))) == {}


def jump(size: float) -> NDArray[np.float64]:
    return season() + np.where(np.arange(N) < 800, 0, size)


def test_a_level_that_moves_after_training_is_told() -> None:
    found = cautions(table(hours(N), y=jump(100)))

    assert set(found) == {"ranges_differ"}
    assert found["ranges_differ"].rows == (702,)
    assert "the validation part lies outside" in found["ranges_differ"].detail


def test_a_level_that_moves_after_a_regular_wave_is_told() -> None:
    wave = np.arange(N) % 10 + np.where(np.arange(N) < 800, 0.0, 100.0)

    assert "ranges_differ" in cautions(table(hours(N), y=wave))


def test_the_parts_are_those_of_the_split() -> None:
    assert cautions(table(hours(N), y=jump(100)), train_share=0.85, validation_share=0.05) == {}
    later = cautions(table(hours(N), y=jump(100)), train_share=0.6, validation_share=0.2)
    assert "the test part lies outside" in later["ranges_differ"].detail
    assert later["ranges_differ"].rows == (802,)


def test_noise_that_becomes_five_times_as_large_is_told() -> None:
    noise = np.random.default_rng(4).normal(size=N)

    found = cautions(table(hours(N), y=noise * np.where(np.arange(N) < 700, 1, 5)))

    assert "times as much as the training part" in found["ranges_differ"].detail


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(jump(15), id="a small jump"),
        pytest.param(walk(), id="random walk"),
        pytest.param(0.05 * np.arange(N) + season(), id="trend"),
        pytest.param(np.where(np.arange(N) < 700, 0.0, season()), id="constant in training"),
        pytest.param(np.where(np.arange(N) < 700, season(), np.nan), id="later parts missing"),
        pytest.param(np.round(season() / 30), id="seldom changes"),
    ],
)
def test_parts_that_differ_as_usual_are_not_told(values: NDArray[np.float64]) -> None:
    assert "ranges_differ" not in cautions(table(hours(N), y=values))


def test_the_longest_series_are_compared_and_counted() -> None:
    series = np.repeat(["a", "b", "c"], [N, N, 9]).tolist()
    values = np.concatenate([jump(100), jump(200), season(9)])

    found = cautions(table(shop=series, x=values, y=values), series_column="shop", features=("x",))

    assert "of series 'a', and likewise in 1 more series" in found["ranges_differ"].detail
