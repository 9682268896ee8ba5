"""Cautions about features that tell the target, and about labels."""

import numpy as np
import pytest
from numpy.typing import NDArray

from app.domain.cautions.caution import Caution
from tests.domain.cautions.tables import Values, cautions, hours, season, table, walk

N = 1000


@pytest.mark.parametrize(
    ("lag", "told"),
    [
        (0, "of the same row"),
        (1, "of the next row,"),
        (5, "of 5 rows later"),
        (24, "24 rows later"),
    ],
)
def test_a_feature_that_is_the_target_of_the_same_or_a_later_row_is_told(
    lag: int, told: str
) -> None:
    target = walk()
    noise = 0.03 * np.random.default_rng(2).normal(size=N)

    found = cautions(table(hours(N), x=2 * np.roll(target, -lag) + 3 + noise, y=target))

    assert found["leakage"].column == "x"
    assert told in found["leakage"].detail


@pytest.mark.parametrize(
    "feature",
    [
        pytest.param(np.roll(walk(), 1), id="the row before"),
        pytest.param(walk() + np.random.default_rng(2).normal(size=N), id="a noisy copy"),
        pytest.param(walk(seed=2), id="another walk"),
        pytest.param(np.full(N, 1e308) * np.sign(walk(seed=3)), id="large"),
    ],
)
def test_a_usual_feature_is_not_told(feature: NDArray[np.float64]) -> None:
    assert "leakage" not in cautions(table(hours(N), x=feature, y=walk()))


def test_the_rows_of_another_series_are_not_later_rows() -> None:
    target = np.concatenate([walk(50, seed=seed) for seed in range(20)])
    series = [f"s{index:02}" for index in range(20) for _ in range(50)]
    leak = np.roll(target, -1)
    # in the last row of a series, the first of the next one would be told
    leak[49::50] = 0

    found = cautions(table(shop=series, x=leak, y=target), series_column="shop")

    assert found["leakage"].column == "x"


def test_features_with_gaps_or_without_values_are_compared_where_both_are_known() -> None:
    leak = np.roll(walk(), -1)
    leak[::3] = np.nan

    found = cautions(table(hours(N), x=leak, none=np.full(N, np.nan), y=walk()))

    assert found["leakage"].column == "x"


def test_columns_that_fail_in_the_same_rows_do_not_tell_each_other() -> None:
    target, other = season(seed=1), season(seed=2) + walk(seed=3)
    for row in (17, 300, 600):
        target[row] = other[row] = -99999

    assert "leakage" not in cautions(table(hours(N), x=other, y=target))


def test_many_features_are_compared_with_fewer_rows() -> None:
    others = {f"x{index}": walk(5000, seed=index + 2) for index in range(200)}

    found = cautions(table(**others, leak=np.roll(walk(5000), -1), y=walk(5000)))

    assert found["leakage"].column == "leak"


def labelled(**columns: Values) -> dict[str, Caution]:
    """Cautions for 100 sequences with ten rows each."""
    series = np.repeat(np.arange(100), 10)
    return cautions(
        table(None, id=series, x=season(), **columns),
        target=None,
        label="y",
        series_column="id",
        train_share=None,
    )


def each(classes: list[str]) -> list[str]:
    return [one for one in classes for _ in range(10)]


def test_a_feature_that_names_the_class_is_told() -> None:
    classes = each(["up", "down"] * 50)
    codes = np.array([3 if one == "up" else 5 for one in classes])

    found = labelled(kind=codes, y=classes)

    assert set(found) == {"leakage"}
    assert "each of its 2 values occurs with one class of 'y' alone" in found["leakage"].detail


def test_a_feature_that_goes_with_several_classes_is_not_told() -> None:
    level = np.arange(N) % 7
    gaps = np.where(np.arange(N) % 50 == 0, np.nan, np.arange(N) % 3)

    assert labelled(level=level, gaps=gaps, y=each(["up", "down"] * 50)) == {}


def test_rare_classes_are_told() -> None:
    found = labelled(y=each(["rare"] * 5 + ["often"] * 95))

    assert set(found) == {"class_imbalance"}
    assert "class 'often' has 95 sequences (95 %) and class 'rare' has 5 sequences" in (
        found["class_imbalance"].detail
    )
    assert "dataset.class_weights" in found["class_imbalance"].detail
    assert found["class_imbalance"].num_rows == 50


def test_classes_of_timesteps_are_counted_by_rows() -> None:
    found = labelled(y=["rare"] + ["often"] * 99 + each(["often"] * 90))

    assert "class 'rare' has 1 row" in found["class_imbalance"].detail


@pytest.mark.parametrize("rare", [20, 50])
def test_classes_that_are_nearly_even_are_not_told(rare: int) -> None:
    assert labelled(y=each(["rare"] * rare + ["often"] * (100 - rare))) == {}


def test_few_sequences_are_told_and_their_classes_are_not() -> None:
    data = table(id=np.repeat(np.arange(10), 3), x=season(30), y=["a"] * 27 + ["b"] * 3)

    found = cautions(
        data, target=None, label="y", series_column="id", features=("x",), train_share=None
    )

    assert set(found) == {"tiny_data"}
    assert "there are 10 sequences" in found["tiny_data"].detail


def test_as_many_classes_as_sequences_are_told() -> None:
    found = labelled(y=each([str(index) for index in range(100)]))

    assert set(found) == {"high_cardinality"}
    assert "100 classes for 100 sequences" in found["high_cardinality"].detail


def test_classes_without_sequences_count_rows() -> None:
    data = table(x=season(20), y=["a", "b"] * 10)

    assert set(cautions(data, target=None, label="y", train_share=None)) == {"tiny_data"}


def test_series_of_a_few_rows_are_told() -> None:
    names = [str(index // 3) for index in range(300)]
    longer = [str(index // 10) for index in range(300)]

    told = cautions(table(who=names, y=season(300)), series_column="who")
    usual = cautions(table(who=longer, y=season(300)), series_column="who")

    assert set(told) == {"high_cardinality"}
    assert "100 series apart, of 3 rows each" in told["high_cardinality"].detail
    assert usual == {}
