"""From features to probabilities, and to the score at the end."""

import math

import pytest

from app.domain.diagnosis.outlook.model import (
    LEAST_HEIGHT,
    LEAST_PROBABILITY,
    MODEL,
    OutlookModel,
    Quantiles,
    Term,
    View,
    parts_of_change,
    probability,
)

USUAL = {term.feature: term.centre for term in MODEL.terms}


def view(height: float = 0.0, expected: float | None = -2.0, **features: float) -> View:
    return View(
        features={**USUAL, **features}, height=height, expected_height=expected, rate_ahead=0.5
    )


def model(*terms: Term, end: Quantiles | None = None) -> OutlookModel:
    none = Quantiles(low={}, middle={}, high={})
    return OutlookModel(terms=terms, no_better=-1.0, not_learned=0.0, end=end or none)


def term(**bounds: float) -> Term:
    given = {"centre": 1.0, "spread": 2.0, "low": -2.5, "high": 2.5, "weight": 1.0, **bounds}
    return Term(feature="level", **given)


@pytest.mark.parametrize(
    ("one", "value", "standardised"),
    [
        (term(), 3.0, 1.0),
        (term(), 1e9, 2.5),
        (term(), -1e9, -2.5),
        (term(high=0.0), 3.0, 0.0),
        (term(low=0.0), -3.0, 0.0),
        (term(), math.nan, 0.0),
    ],
)
def test_a_feature_counts_within_the_bounds_of_its_term(
    one: Term, value: float, standardised: float
) -> None:
    assert one.standardised(value) == standardised


def test_a_feature_moves_both_probabilities_by_its_weight() -> None:
    foreseen = model(term()).foresee(view(level=3.0))

    assert foreseen.no_better == pytest.approx(probability(0.0))
    assert foreseen.not_learned == pytest.approx(probability(1.0))


@pytest.mark.parametrize("score", [-1e6, -10.0, 10.0, 1e6])
def test_no_probability_is_certain(score: float) -> None:
    assert LEAST_PROBABILITY <= probability(score) <= 1 - LEAST_PROBABILITY


def test_the_quantiles_are_ordered_whatever_their_weights() -> None:
    crossed = Quantiles(low={"constant": 1.0}, middle={}, high={"constant": -1.0})

    assert model(end=crossed).foresee(view()).heights == (-1.0, 0.0, 1.0)


def test_a_run_that_learns_goes_a_part_of_the_way_to_what_the_task_allows() -> None:
    parts = parts_of_change(view(), no_better=0.1, not_learned=0.25)

    assert parts["way_ahead"] == pytest.approx(0.75 * 0.5 * -2.0)


@pytest.mark.parametrize("expected", [None, -9.0])
def test_the_way_ends_where_scores_are_as_good_as_the_best(expected: float | None) -> None:
    parts = parts_of_change(view(expected=expected), no_better=0.1, not_learned=0.0)

    assert parts["way_ahead"] == pytest.approx(0.5 * LEAST_HEIGHT)


def test_no_way_is_left_beyond_what_the_task_allows() -> None:
    assert parts_of_change(view(height=-3.0), no_better=0.1, not_learned=0.0)["way_ahead"] == 0


def test_the_shipped_model_takes_failing_as_likelier_than_ending_no_better() -> None:
    assert MODEL.no_better < MODEL.not_learned


@pytest.mark.parametrize(
    ("feature", "worse"),
    [("level", -1.0), ("gain_ahead", -1.0), ("mechanism", 1.0), ("best_above_floor", -1.0)],
)
def test_the_shipped_model_fears_a_low_curve_and_a_mechanism(feature: str, worse: float) -> None:
    weight = next(one.weight for one in MODEL.terms if one.feature == feature)

    assert weight * worse > 0
