"""The outlook is fitted to runs of some families of tasks and tested on others."""

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.domain.diagnosis.outlook.model import MODEL, View
from bench.diagnosis.fit_outlook import fitted
from bench.diagnosis.outlook_example import Seen, seen_in, seen_of
from bench.diagnosis.report_outlook import (
    area_under_curve,
    foretold,
    page,
    part,
    without_family,
)
from bench.diagnosis.stored import read_file

EXAMPLES = Path(__file__).parent / "examples.parquet"
USUAL = {term.feature: 0.0 for term in MODEL.terms}


def made(number: int, rng: np.random.Generator) -> Seen:
    """A run at a quarter of its steps that ends well where its level is high, with some noise."""
    level = float(rng.normal())
    is_bad = level + float(rng.normal(0, 0.5)) < 0
    noise = {name: float(rng.normal()) for name in USUAL}
    end = float(rng.normal(0.0, 0.05) if is_bad else rng.normal(-2.0, 0.2))
    return Seen(
        key=str(number),
        task=("adding_gru", "order_lstm", "text_gru")[number % 3],
        family=("adding", "order", "text")[number % 3],
        share=0.25,
        view=View(
            features={**noise, "mechanism": 0.0, "level": level},
            height=0.0,
            expected_height=-2.0,
            rate_ahead=0.75,
        ),
        level=level,
        is_undecided=True,
        ended_no_better=is_bad,
        ended_not_learned=is_bad,
        end_height=end,
    )


def examples() -> Iterator[Seen]:
    rng = np.random.default_rng(0)
    return (made(number, rng) for number in range(300))


@pytest.fixture(scope="module")
def seen() -> list[Seen]:
    return list(examples())


def test_a_model_foresees_the_end_of_runs_of_a_family_that_it_has_not_seen(
    seen: list[Seen],
) -> None:
    found = without_family(seen)

    scores_N = np.array([one.foreseen.no_better for one in found])
    is_bad_N = np.array([one.seen.ended_no_better for one in found])
    assert area_under_curve(scores_N, is_bad_N) > 0.85
    assert 0.7 < np.mean([one.is_covered for one in found]) < 0.9


def test_fitting_twice_gives_the_same_coefficients(seen: list[Seen]) -> None:
    assert fitted(seen) == fitted(seen)


def test_the_area_under_the_curve_counts_pairs() -> None:
    is_case_N = np.array([True, False, True, False])

    assert area_under_curve(np.array([3.0, 2.0, 1.0, 1.0]), is_case_N) == 0.625
    assert math.isnan(area_under_curve(np.ones(2), np.ones(2, dtype=np.bool_)))


def test_the_page_tells_both_sets(seen: list[Seen]) -> None:
    found = foretold(MODEL, seen)

    text = page(found, found[:30])

    assert "| 25% | 300 |" in text
    assert "| 25% | 30 |" in text
    assert "Brier score" in text
    assert "Too few runs" in part([replace(found[0], seen=replace(seen[0], share=0.5))])


def test_stored_runs_are_seen_at_each_share_before_their_end() -> None:
    found = list(seen_of(read_file(EXAMPLES)))

    assert found
    assert {one.share for one in found} <= {0.05, 0.1, 0.2, 0.25, 0.5, 0.75}
    assert all(set(one.view.features) == set(USUAL) for one in found)
    again = seen_in(EXAMPLES.parent, processes=1)
    assert [one.key for one in again] == [one.key for one in found]
