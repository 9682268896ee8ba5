import math
import secrets
from collections.abc import Mapping

import numpy as np
import pytest
from pydantic import JsonValue

from app.domain.data_facts import ColumnShift, RangeShift
from app.domain.scopes import Split
from app.domain.telemetry import DoubleArray
from tests.worker.builders import DATASET_ID, make_spec
from worker.datasets.build import build_task
from worker.datasets.range_shift import column_shift
from worker.datasets.task import Task

ROWS = np.arange(400)
WAVE = np.sin(ROWS / 8)


def seeded() -> np.random.Generator:
    seed = secrets.randbits(32)
    print(f"seed {seed}")  # noqa: T201 - pytest shows it where a test fails
    return np.random.default_rng(seed)


def forecast(columns: Mapping[str, DoubleArray | list[str]], **changes: JsonValue) -> Task:
    dataset: dict[str, JsonValue] = {
        "kind": "forecast",
        "dataset_id": DATASET_ID,
        "target": "y",
        "window": 12,
        "horizon": 2,
        **changes,
    }
    lines = [
        ",".join(columns),
        *(",".join(map(str, row)) for row in zip(*columns.values(), strict=True)),
    ]
    return build_task(
        make_spec({"dataset": dataset}).dataset, upload=("\n".join(lines) + "\n").encode()
    )


def shift_of(task: Task, split: Split = "validation") -> RangeShift:
    assert task.facts.shift is not None
    return task.facts.shift[split]


def target_shift(task: Task, split: Split = "validation") -> ColumnShift:
    found = shift_of(task, split).target
    assert found is not None
    return found


def by_hand(train: DoubleArray, later: DoubleArray) -> tuple[float, float, float]:
    """Share outside, mean distance of these, and move of the mean, value by value."""
    least, most, std = min(train), max(train), float(np.std(train))
    apart = [max(least - one, one - most) / std for one in later if one < least or one > most]
    share = len(apart) / len(later)
    return share, float(np.mean(apart)) if apart else 0.0, abs(later.mean() - train.mean()) / std


def test_a_column_is_compared_with_its_training_rows_value_by_value() -> None:
    rng = seeded()
    train, later = rng.normal(size=50), rng.normal(1, 2, size=30)
    is_later_N = np.arange(80) >= 50

    found = column_shift(
        "y",
        np.concatenate([train, later]),
        np.zeros(80, dtype=np.int32),
        shown_N=~is_later_N,
        later_N=is_later_N,
    )

    assert found is not None
    numbers = found.outside_share, found.outside_distance, found.level_move
    assert numbers == pytest.approx(by_hand(train, later))


def test_each_series_is_compared_with_its_own_training_rows() -> None:
    rng = seeded()
    sizes = {"a": (40, 10), "b": (20, 30)}
    series = {
        name: (rng.normal(level, 1, sizes[name][0]), rng.normal(level + 3, 1, sizes[name][1]))
        for name, level in (("a", 0.0), ("b", 500.0))
    }
    values_N = np.concatenate([part for parts in series.values() for part in parts])
    series_N = np.repeat(np.arange(2, dtype=np.int32), [50, 50])
    is_later_N = np.r_[np.arange(50) >= 40, np.arange(50) >= 20]

    found = column_shift("y", values_N, series_N, shown_N=~is_later_N, later_N=is_later_N)

    assert found is not None
    shares, distances, moves = zip(*(by_hand(*parts) for parts in series.values()), strict=True)
    num_outside = np.array([10, 30]) * shares
    assert found.outside_share == pytest.approx(num_outside.sum() / 40)
    assert found.outside_distance == pytest.approx(
        (distances * num_outside).sum() / num_outside.sum(), rel=1e-9
    )
    assert found.level_move == pytest.approx((10 * moves[0] + 30 * moves[1]) / 40, rel=1e-9)


def test_a_series_that_moves_away_lies_outside_and_its_differences_do_not() -> None:
    rising = {"y": WAVE + 0.02 * ROWS}

    plain = forecast(rising)
    differenced = forecast(rising, transform=[{"kind": "difference", "lag": 1}])
    by_window = forecast(rising, scaling="per_window")

    assert target_shift(plain).outside_share > 0.3
    assert target_shift(plain, "test").outside_share > 0.8
    assert target_shift(plain, "test").level_move > target_shift(plain).level_move > 1
    assert target_shift(plain, "test").outside_distance > 0.5
    for task in (differenced, by_window):
        assert target_shift(task, "test").outside_share < 0.1
        assert target_shift(task, "test").level_move < 0.5


def test_a_season_stays_where_training_is() -> None:
    task = forecast({"y": WAVE})

    assert target_shift(task).outside_share < 0.05
    assert target_shift(task).outside_distance < 0.01


def test_inputs_are_compared_and_the_farthest_comes_first() -> None:
    rng = seeded()
    task = forecast(
        {"y": WAVE, "still": rng.uniform(size=400), "moving": ROWS + rng.normal(size=400)},
        features=["still", "moving"],
    )

    moving, still = shift_of(task, "test").inputs
    assert (moving.column, still.column) == ("moving", "still")
    assert moving.outside_share == 1
    assert still.outside_share < 0.1
    assert shift_of(task, "test").largest == moving


def test_series_of_other_levels_are_no_shift() -> None:
    rng = seeded()
    levels = np.repeat([0.0, 100.0, 5000.0], 100)
    task = forecast(
        {"s": [f"s{index // 100}" for index in range(300)], "y": levels + rng.uniform(size=300)},
        series_column="s",
        scaling="global",
    )

    assert target_shift(task).outside_share < 0.2
    assert target_shift(task).level_move < 1


def test_a_value_that_was_filled_in_is_not_compared() -> None:
    rng = seeded()
    cells = [f"{one:.6f}" for one in rng.uniform(size=400)]
    # the first value after training is filled into the 19 rows that follow
    cells[280:300] = ["0.5", *[""] * 19]

    task = forecast({"y": cells, "t": ROWS.astype(np.float64)}, missing="forward_fill")

    known = np.array([float(one) for one in cells[280:340] if one])
    train = np.array([float(one) for one in cells[:280]])
    assert target_shift(task).outside_share == pytest.approx(by_hand(train, known)[0])


def labelled(values_BT: DoubleArray, labels_B: DoubleArray, **changes: JsonValue) -> Task:
    rows = [
        f"{index},{value},{labels_B[index]}"
        for index, values in enumerate(values_BT)
        for value in values
    ]
    dataset: dict[str, JsonValue] = {
        "kind": "sequences",
        "dataset_id": DATASET_ID,
        "sequence_column": "s",
        "features": ["x"],
        "label": "y",
        "task": "regression",
        **changes,
    }
    text = "\n".join(["s,x,y", *rows]) + "\n"
    return build_task(make_spec({"dataset": dataset}).dataset, upload=text.encode())


def test_sequences_are_compared_with_those_of_training() -> None:
    values_BT = seeded().normal(size=(200, 6))

    task = labelled(values_BT, values_BT[:, 0])

    found = shift_of(task, "test")
    assert found.target is not None
    assert found.target.column == "y"
    assert found.target.outside_share < 0.2
    assert [one.column for one in found.inputs] == ["x"]
    assert found.inputs[0].outside_share < 0.1


def test_classes_have_no_range() -> None:
    values_BT = seeded().normal(size=(100, 6))

    task = labelled(values_BT, np.sign(values_BT[:, 0]), task="classification")

    assert shift_of(task).target is None


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_values_that_are_not_finite_give_no_number(bad: float) -> None:
    values_N = np.array([0.0, 1.0, 2.0, bad])
    is_later_N = np.array([False, False, False, True])
    one_series_N = np.zeros(4, dtype=np.int32)

    assert (
        column_shift("y", values_N, one_series_N, shown_N=~is_later_N, later_N=is_later_N) is None
    )
    assert (
        column_shift("y", values_N, one_series_N, shown_N=is_later_N, later_N=~is_later_N) is None
    )


def test_a_series_that_was_constant_has_the_scale_of_the_others() -> None:
    values_N = np.array([0.0, 2.0, 1.0, 5.0, 5.0, 5.1])
    series_N = np.repeat(np.arange(2, dtype=np.int32), 3)
    is_later_N = np.arange(6) % 3 == 2

    found = column_shift("y", values_N, series_N, shown_N=~is_later_N, later_N=is_later_N)

    assert found is not None
    assert found.outside_share == 0.5
    assert found.outside_distance == pytest.approx(0.1 / (0.01 * math.sqrt(0.5)))


def test_constant_series_of_other_levels_have_the_scale_of_all() -> None:
    values_N = np.array([0.0, 0.0, 0.0, 2.0, 2.0, 3.0])
    series_N = np.repeat(np.arange(2, dtype=np.int32), 3)
    is_later_N = np.arange(6) % 3 == 2

    found = column_shift("y", values_N, series_N, shown_N=~is_later_N, later_N=is_later_N)

    assert found is not None
    assert found.outside_distance == pytest.approx(100)


def test_a_constant_part_and_an_empty_part_give_no_number() -> None:
    one_series_N, nothing_N = np.zeros(4, dtype=np.int32), np.zeros(4, dtype=np.bool_)
    first_N = np.arange(4) < 2

    assert column_shift("y", np.ones(4), one_series_N, shown_N=first_N, later_N=~first_N) is None
    assert (
        column_shift("y", ROWS[:4].astype(float), one_series_N, shown_N=first_N, later_N=nothing_N)
        is None
    )


def test_a_season_beyond_the_window_gains_and_a_walk_does_not() -> None:
    rng = seeded()
    profile = rng.normal(size=20)
    season = np.tile(profile, 60) + rng.normal(0, 0.05, 1200)
    walk = np.cumsum(rng.normal(size=1200))

    beyond = forecast({"y": season}, window=10).facts.longer_context
    nothing = forecast({"y": walk}, window=10).facts.longer_context
    whole = forecast({"y": season}, window=20).facts.longer_context

    assert beyond is not None
    assert nothing is not None
    assert whole is not None
    assert (beyond.shown, beyond.tried) == (10, 40)
    assert beyond.gain > 0.5
    assert 19 <= beyond.enough <= 40
    assert nothing.gain < 0.02
    assert whole.gain < 0.3 < beyond.gain


def test_without_rows_before_the_windows_the_gain_is_unknown() -> None:
    short = {"y": seeded().normal(size=60)}

    assert forecast(short, window=24).facts.longer_context is None
    no_validation: JsonValue = {"train": 0.8, "validation": 0, "test": 0.2}
    assert forecast({"y": WAVE}, split=no_validation).facts.longer_context is None


def test_timesteps_that_the_limit_cuts_gain_where_they_hold_the_label() -> None:
    rng = seeded()
    values_BT = rng.normal(size=(400, 12))

    cut = labelled(values_BT, values_BT[:, 2], max_length=6).facts.longer_context
    needless = labelled(values_BT, values_BT[:, 9], max_length=6).facts.longer_context
    uncut = labelled(values_BT, values_BT[:, 2]).facts.longer_context

    assert cut is not None
    assert needless is not None
    assert uncut is None
    assert (cut.shown, cut.enough, cut.tried) == (6, 10, 12)
    assert cut.gain > 1
    assert needless.gain < 0.05
