"""Series of a forecast that cannot be trained on are left out, and the others are cut."""

import json
from dataclasses import replace

import numpy as np
import pytest
from pydantic import JsonValue

from app.domain.datasets import parse_csv
from app.domain.errors import InvalidData
from app.domain.panels import CutSeries, LeftOutSeries, Panel, note_of_left_out
from app.domain.specs.dataset.forecast import ForecastSpec
from app.domain.table_arrays import is_date

ID = "00000000-0000-0000-0000-000000000000"
COUNTER = "t,y\n" + "".join(f"{t},{t}\n" for t in range(100))


def forecast(**changes: JsonValue) -> ForecastSpec:
    usual: dict[str, JsonValue] = {
        "kind": "forecast",
        "dataset_id": ID,
        "target": "y",
        "window": 5,
    }
    return ForecastSpec.model_validate_json(json.dumps(usual | changes))


def panel_of(text: str, **changes: JsonValue) -> Panel:
    return Panel.of(forecast(**changes), parse_csv(text))


def shops(**values: list[float]) -> str:
    """Rows of several shops, in order of time."""
    rows = [(t, shop, y) for shop, each in values.items() for t, y in enumerate(each)]
    return "t,shop,y\n" + "".join(f"{t},{shop},{y}\n" for t, shop, y in sorted(rows))


def rising(num_rows: int) -> list[float]:
    return [float(t) for t in range(num_rows)]


def test_a_short_series_is_left_out_and_the_others_are_cut() -> None:
    text = shops(a=rising(100), b=rising(5), c=rising(100))
    panel = panel_of(text, series_column="shop", time_column="t", window=30)

    first, second, third = panel.cut()

    assert isinstance(first, CutSeries)
    assert isinstance(second, LeftOutSeries)
    assert isinstance(third, CutSeries)
    assert (first.label, second.label, third.label) == ("a", "b", "c")
    assert (first.index, third.index) == (0, 2)
    assert "series 'b'" in second.error.detail


def test_the_windows_of_a_series_start_after_its_first_window_and_end_in_their_part() -> None:
    (series,) = panel_of(COUNTER, horizon=2, stride=3).cut()

    assert isinstance(series, CutSeries)
    assert series.num_train == 70
    np.testing.assert_array_equal(series.starts["train"], np.arange(5, 69, 3))
    np.testing.assert_array_equal(series.starts["validation"], [70, 73, 76, 79, 82])
    np.testing.assert_array_equal(series.starts["test"], [85, 88, 91, 94, 97])
    assert (series.mean_F[0], series.std_F[0]) == (34.5, np.arange(70).std())


def test_a_transformed_target_is_scaled_by_its_own_spread_and_scored_in_its_own_units() -> None:
    squares = "y\n" + "".join(f"{t * t}\n" for t in range(100))

    (series,) = panel_of(squares, transform=["difference"]).cut()

    assert isinstance(series, CutSeries)
    values_n, changes_n = np.arange(100.0) ** 2, 2 * np.arange(1.0, 70) - 1
    np.testing.assert_array_equal(series.levels[-1][1:70], changes_n)
    assert (series.mean_F[0], series.std_F[0]) == pytest.approx((changes_n.mean(), changes_n.std()))
    assert series.target_std == pytest.approx(values_n[:70].std())
    np.testing.assert_array_equal(series.starts["train"], np.arange(6, 70))


def test_a_target_without_a_logarithm_is_refused_with_its_row() -> None:
    with pytest.raises(InvalidData, match="row 42, column 'y': log1p is for values above -1"):
        panel_of(COUNTER.replace("\n40,40\n", "\n40,-1\n"), transform=["log1p"])


def test_changes_that_are_all_the_same_leave_a_series_out() -> None:
    with pytest.raises(InvalidData, match=r"constant over .* with the target after difference"):
        list(panel_of(COUNTER, transform=["difference"]).cut())


def test_a_part_without_a_share_has_no_windows() -> None:
    split: JsonValue = {"train": 0.8, "validation": 0.2, "test": 0}

    (series,) = panel_of(COUNTER, split=split).cut()

    assert isinstance(series, CutSeries)
    assert set(series.starts) == {"train", "validation"}


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([], "would be empty"),
        (rising(6), "too short"),
        ([7.0] * 100, "column 'y' is constant"),
        ([1e308, -1e308] * 50, "too large"),
    ],
)
def test_the_reason_is_told_for_each_series_left_out(values: list[float], reason: str) -> None:
    text = shops(a=rising(100), b=values or [1.0])

    _, left_out = panel_of(text, series_column="shop").cut()

    assert isinstance(left_out, LeftOutSeries)
    assert reason in left_out.error.detail
    assert "series 'b'" in left_out.error.detail


def test_a_series_that_is_shorter_than_the_season_is_left_out() -> None:
    text = shops(a=rising(100), b=rising(60))

    _, left_out = panel_of(text, series_column="shop", season=50).cut()

    assert isinstance(left_out, LeftOutSeries)
    assert "season 50" in left_out.error.detail


@pytest.mark.parametrize(("name", "expected"), [("d", True), ("y", False), (None, False)])
def test_a_column_of_dates_is_told_from_others(name: str | None, *, expected: bool) -> None:
    table = parse_csv("d,y\n2020-01-01,1\n2020-01-02,2\n")

    assert is_date(table, name) is expected


def test_a_part_without_a_measured_target_leaves_the_series_out() -> None:
    text = "t,y\n" + "".join(f"{t},{t if t < 70 else ''}\n" for t in range(100))

    with pytest.raises(InvalidData, match="no measured value of 'y'"):
        list(panel_of(text, missing="forward_fill").cut())


def test_the_first_reason_is_raised_if_no_series_is_left() -> None:
    panel = panel_of(shops(a=rising(4), b=[7.0] * 100), series_column="shop")

    with pytest.raises(InvalidData, match="series 'a'"):
        list(panel.cut())


@pytest.mark.parametrize(
    ("missing", "expected"), [("forward_fill", [1, 2, 2, 4]), ("drop", [1, 2, 4])]
)
def test_gaps_are_filled_from_the_row_before_or_dropped(
    missing: str, expected: list[float]
) -> None:
    text = "t,y\n0,\n1,1\n2,2\n3,\n4,4\n"

    values_nF, is_measured_n, _ = panel_of(text, missing=missing).without_gaps(0)

    np.testing.assert_array_equal(values_nF[:, 0], expected)
    assert is_measured_n.sum() == 3


@pytest.mark.parametrize(
    ("text", "changes", "place"),
    [
        (COUNTER.replace("\n40,40\n", "\n40,\n"), {}, "row 42, column 'y'"),
        (COUNTER.replace("\n40,40\n", "\n39,40\n"), {"time_column": "t"}, "row 42, column 't'"),
        (COUNTER.replace("\n40,40\n", "\n,40\n"), {"time_column": "t"}, "row 42, column 't'"),
        (COUNTER.replace("\n40,40\n", "\n40,many\n"), {}, "row 42, column 'y'"),
        (COUNTER.replace("\n40,40\n", "\nmany,40\n"), {"time_column": "t"}, "holds text"),
        (COUNTER.replace("\n40,40\n", "\n,40\n"), {"series_column": "t"}, "row 42, column 't'"),
        ("d,y\n2020-01-01,1\n2020-01-02,2\n", {"target": "d"}, "holds dates"),
        ("t,y\n1,\n2,\n", {}, "column 'y' has no number"),
    ],
)
def test_a_row_that_cannot_be_used_is_refused_with_its_place(
    text: str, changes: dict[str, JsonValue], place: str
) -> None:
    with pytest.raises(InvalidData, match=place):
        panel_of(text, **changes)


def left_out(*labels: str) -> list[LeftOutSeries]:
    return [LeftOutSeries(label=each, error=InvalidData(f"{each} is short")) for each in labels]


@pytest.mark.parametrize(
    ("labels", "note"),
    [
        ("", None),
        ("a", "1 of 9 series is left out: a is short"),
        ("ab", "2 of 9 series are left out: a is short; b is short"),
        ("abcde", "5 of 9 series are left out: a is short; b is short; c is short; and 2 more"),
    ],
)
def test_a_note_names_the_first_series_that_are_left_out(labels: str, note: str | None) -> None:
    assert note_of_left_out(left_out(*labels), num_series=9) == note


HOURS = ("00", "01", "02", "02", "03")


@pytest.mark.parametrize(
    ("changes", "helps", "does_not_help"),
    [
        ({}, "name the column that tells them apart", None),
        ({"series_column": "s"}, "upload the file with its time_zone", "tells them apart"),
    ],
    ids=str,
)
def test_an_hour_that_occurs_twice_is_refused_with_what_would_help(
    changes: dict[str, JsonValue], helps: str, does_not_help: str | None
) -> None:
    rows = "".join(f"2024-10-27 {hour}:00,a,{index}\n" for index, hour in enumerate(HOURS))

    with pytest.raises(InvalidData, match="row 5, column 'd': the same time") as refused:
        panel_of("d,s,y\n" + rows, time_column="d", **changes)

    assert helps in refused.value.detail
    assert does_not_help is None or does_not_help not in refused.value.detail


TIES = "t,shop,y,x\n1,a,1,10\n0,a,5,\n1,b,7,1\n1,a,3,20\n1,a,,60\n2,a,9,8\n"


def test_of_rows_with_the_same_time_the_first_in_the_file_is_kept() -> None:
    panel = panel_of(
        TIES,
        series_column="shop",
        time_column="t",
        features=["x"],
        equal_times="keep_first",
        missing="drop",
    )

    np.testing.assert_array_equal(panel.values_NF[panel.rows[0]], [[5, np.nan], [1, 10], [9, 8]])
    np.testing.assert_array_equal(panel.values_NF[panel.rows[1]], [[7, 1]])


def test_rows_with_the_same_time_become_the_mean_of_what_is_known() -> None:
    panel = panel_of(
        TIES,
        series_column="shop",
        time_column="t",
        features=["x"],
        equal_times="mean",
        missing="drop",
    )

    np.testing.assert_array_equal(panel.values_NF[panel.rows[0]], [[5, np.nan], [2, 30], [9, 8]])
    np.testing.assert_array_equal(panel.values_NF[panel.rows[1]], [[7, 1]])


def test_rows_of_a_time_without_any_value_stay_without() -> None:
    text = "t,y\n0,1\n1,\n1,\n2,3\n"

    panel = panel_of(text, time_column="t", equal_times="mean", missing="forward_fill")

    np.testing.assert_array_equal(panel.values_NF[panel.rows[0]][:, 0], [1, np.nan, 3])


def test_without_a_time_column_no_rows_have_the_same_time() -> None:
    assert len(panel_of("t,y\n1,1\n1,2\n", equal_times="keep_first").rows[0]) == 2


def test_equal_numbers_have_no_time_zone() -> None:
    with pytest.raises(InvalidData) as refused:
        panel_of("t,y\n1,1\n1,2\n", time_column="t")

    assert "time_zone" not in refused.value.detail


SIZES = shops(a=rising(100), b=[1000.0 * t for t in range(100)])


def test_a_global_scale_is_that_of_the_training_parts_of_all_series() -> None:
    first, second = panel_of(SIZES, series_column="shop", scaling="global").cut()

    assert isinstance(first, CutSeries)
    assert isinstance(second, CutSeries)
    pooled = np.concatenate([np.arange(70.0), 1000 * np.arange(70.0)])
    assert first.mean_F[0] == second.mean_F[0] == pytest.approx(pooled.mean())
    assert first.std_F[0] == second.std_F[0] == pytest.approx(pooled.std())
    assert first.target_std == pytest.approx(np.arange(70).std())


def test_a_feature_may_be_constant_in_each_series_if_the_scale_is_global() -> None:
    rows = [f"{shop},{size},{t % 7}" for shop, size in (("a", 1), ("b", 9)) for t in range(100)]
    text = "shop,size,y\n" + "\n".join(rows)
    asked: dict[str, JsonValue] = {"series_column": "shop", "features": ["size"]}

    first, _ = panel_of(text, scaling="global", **asked).cut()

    assert isinstance(first, CutSeries)
    assert (first.mean_F[1], first.std_F[1]) == (5, 4)
    with pytest.raises(InvalidData, match="column 'size' is constant"):
        list(panel_of(text, **asked).cut())


def test_a_feature_that_is_constant_in_all_series_has_no_global_scale() -> None:
    text = "shop,size,y\n" + "".join(f"{'ab'[t % 2]},{int(t > 150)},{t}\n" for t in range(200))

    with pytest.raises(InvalidData, match="'size' is constant over the training parts of all"):
        list(panel_of(text, series_column="shop", features=["size"], scaling="global").cut())


def test_a_series_left_out_has_no_part_in_the_global_scale() -> None:
    text = shops(a=rising(100), b=[1e6, 2e6, 3e6])

    first, second = panel_of(text, series_column="shop", scaling="global").cut()

    assert isinstance(first, CutSeries)
    assert isinstance(second, LeftOutSeries)
    assert first.mean_F[0] == pytest.approx(34.5)


DAYS = "d,y\n" + "".join(f"2024-01-{day:02d} 06:00,{day % 5}\n" for day in range(1, 32))


def test_a_calendar_has_the_local_time_of_each_row_that_is_kept() -> None:
    text = DAYS.replace("2024-01-03 06:00,3", "2024-01-03 06:00,")
    split: JsonValue = {"train": 0.5, "validation": 0.25, "test": 0.25}
    asked: dict[str, JsonValue] = {"time_column": "d", "calendar": ["day_of_week"], "split": split}

    (series,) = panel_of(text, missing="drop", **asked).cut()

    assert isinstance(series, CutSeries)
    assert series.local_n is not None
    shown = [str(each) for each in series.local_n[:3].astype("datetime64[s]")]
    assert shown == [f"2024-01-0{day}T06:00:00" for day in (1, 2, 4)]


def test_a_calendar_has_the_local_time_of_the_zone_of_the_upload() -> None:
    table = parse_csv(DAYS)
    dates, values = table.columns
    zoned = replace(table, columns=(replace(dates, time_zone="Asia/Tokyo"), values))

    panel = Panel.of(forecast(time_column="d", calendar=["day_of_week"]), zoned)

    assert panel.local_N is not None
    assert str(panel.local_N[0].astype("datetime64[s]")) == "2024-01-01T15:00:00"


@pytest.mark.parametrize(
    ("text", "time", "field", "reason"),
    [
        (DAYS, "d", "hour_of_day", "hour_of_day is the same in every row"),
        (COUNTER, "t", "day_of_week", "a calendar needs dates, and column 't' has none"),
    ],
)
def test_a_calendar_that_tells_nothing_is_refused(
    text: str, time: str, field: str, reason: str
) -> None:
    with pytest.raises(InvalidData, match=reason):
        panel_of(text, time_column=time, calendar=[field])


def test_a_recursive_forecast_lies_in_its_part() -> None:
    (series,) = panel_of(COUNTER, horizon=2, recursive_steps=5).cut()

    assert isinstance(series, CutSeries)
    assert set(series.rollouts) == {"validation", "test"}
    np.testing.assert_array_equal(series.rollouts["validation"], np.arange(70, 80))
    np.testing.assert_array_equal(series.rollouts["test"], np.arange(85, 95))


def test_recursive_steps_without_room_in_any_series_are_refused() -> None:
    with pytest.raises(InvalidData, match="no series has room for 16 recursive steps"):
        list(panel_of(COUNTER, recursive_steps=16).cut())
