"""All cautions of a table: their order, their bounds, and none for healthy data."""

import numpy as np
import pytest
from numpy.typing import NDArray

from app.domain.cautions import subject
from app.domain.cautions.caution import Caution
from app.domain.cautions.codes import CautionCode
from app.domain.cautions.examine import MAX_LISTED, MAX_OF_A_CODE, examine
from app.domain.cautions.kinds import CAUTIONS
from app.domain.cautions.roles import Roles
from app.domain.cautions.subject import Subject
from tests.domain.cautions.tables import cautions, hours, season, table, walk

N = 2000
R = np.random.default_rng(7)


def autoregression(count: int) -> NDArray[np.float64]:
    values = R.normal(size=count)
    for place in range(1, count):
        values[place] += 0.9 * values[place - 1]
    return values


CLEAN: dict[str, NDArray[np.float64]] = {
    "white noise": R.normal(size=N),
    "random walk": walk(N),
    "rounded random walk": np.round(walk(N), 1),
    "season": season(N),
    "season and trend": season(N) + 0.05 * np.arange(N),
    "two seasons": season(N) + 5 * np.sin(2 * np.pi * np.arange(N) / 168),
    "counts": R.poisson(5, size=N).astype(np.float64),
    "small counts": R.poisson(2, size=N).astype(np.float64),
    "heavy tails": R.standard_t(3, size=N),
    "very heavy tails": R.standard_t(2, size=N),
    "log-normal": np.exp(R.normal(size=N)),
    "laplace": R.laplace(size=N),
    "autoregression": autoregression(N),
    "prices": 100 * np.exp(0.01 * walk(N, seed=3)),
    "few missing": np.where(R.random(N) < 0.05, np.nan, season(N)),
}


@pytest.mark.parametrize("values", CLEAN.values(), ids=CLEAN)
def test_a_healthy_series_has_no_caution(values: NDArray[np.float64]) -> None:
    assert cautions(table(hours(N), x=R.normal(size=N), y=values)) == {}


def test_a_healthy_panel_has_no_caution() -> None:
    series = [f"shop {index % 20}" for index in range(N)]
    values = walk(N) + np.arange(N) % 20

    assert (
        cautions(table(np.repeat(hours(100), 20), shop=series, y=values), series_column="shop")
        == {}
    )


def test_prices_of_one_day_go_together_without_telling_each_other() -> None:
    close = 100 + walk(N)
    opened = np.append(close[0], close[:-1]) + 0.05 * R.normal(size=N)
    high = np.maximum(opened, close) + np.abs(R.normal(size=N))
    low = np.minimum(opened, close) - np.abs(R.normal(size=N))

    assert cautions(table(hours(N), o=opened, h=high, l=low, y=close)) == {}


def test_many_cautions_are_counted_and_the_first_are_listed() -> None:
    constant = {f"c{index}": np.full(200, 1.0) for index in range(50)}
    codes = {f"{index}_id": np.arange(200) % 5 for index in range(50)}
    data = table(hours(200), **constant, **codes, y=season(200))

    found = examine(Subject.of(data, Roles(target="y", time_column="time")))

    assert found.count == 100
    assert len(found.listed) == 2 * MAX_OF_A_CODE <= MAX_LISTED
    assert found.codes["c49"] == (CautionCode("constant_column"),)
    assert found.codes["49_id"] == (CautionCode("integer_codes"),)
    assert "y" not in found.codes


def test_only_columns_that_are_used_are_examined() -> None:
    data = table(hours(N), bad=np.full(N, 1.0), y=season(N))

    assert cautions(data, features=()) == {}
    assert set(cautions(data, features=("bad",))) == {"constant_column"}
    assert set(cautions(data, features=("absent", "bad"), target="none")) == {"constant_column"}


def test_a_table_of_one_row_is_examined() -> None:
    assert set(cautions(table(hours(1), y=np.ones(1), label=["a"]))) == {"tiny_data"}
    assert set(cautions(table(y=np.ones(1), label=["a"]), target=None, label="label")) == {
        "tiny_data"
    }


def test_rows_in_any_order_are_examined_by_series_and_time() -> None:
    order = np.random.default_rng(1).permutation(N)
    series = np.repeat(["a", "b"], N // 2)
    data = table(np.tile(hours(N // 2), 2)[order], shop=series[order].tolist(), y=walk(N)[order])

    assert set(cautions(data, series_column="shop")) == {"descending_time"}


@pytest.mark.parametrize("card", CAUTIONS, ids=lambda card: card.code)
def test_every_card_says_what_it_is_and_what_to_do(card: object) -> None:
    assert getattr(card, "summary", "").endswith(".")
    assert getattr(card, "advice", "").endswith(".")
    limits = getattr(card, "limits", ())
    assert len({limit.name for limit in limits}) == len(limits)
    assert all(limit.unit and limit.meaning and limit.source for limit in limits)


def test_a_code_is_on_one_card() -> None:
    codes = [card.code for card in CAUTIONS]

    assert sorted(codes) == sorted({*codes}) == sorted(CautionCode)


def test_details_are_sentences_with_bounded_names() -> None:
    found = cautions(table(hours(50), y=season(50)))

    assert all(isinstance(each, Caution) and each.detail.endswith(".") for each in found.values())


def test_the_first_rows_of_a_long_table_are_examined(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "MAX_ROWS", 200)
    values = season(N)
    values[100] = 1000
    values[300] = 2000
    gaps = np.where(np.arange(N) % 9 == 0, np.nan, walk(N))

    found = cautions(table(hours(N), x=gaps, y=values))

    assert set(found) == {"outliers"}
    assert found["outliers"].rows == (102,)


def test_numbers_that_cannot_be_scaled_have_no_caution() -> None:
    large = np.sign(walk(N)) * 1e308

    assert cautions(table(hours(N), x=large, y=-large[::-1]), features=("x",)) == {}
