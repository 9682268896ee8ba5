import math

import pytest

from app.domain.diagnosis.cause import UNKNOWN
from app.domain.diagnosis.ranking import possible_causes, rank
from app.domain.diagnosis.ranking.model import CODES, MODEL, Doubt, Model, Scale, Weights
from app.domain.diagnosis.ranking.signs import signs
from tests.domain.builders import case

SURE = Doubt(bias=-30.0, weakness=0.0, missing=0.0)


def _model(doubt: Doubt = SURE) -> Model:
    return Model(
        scales={"rise": Scale(centre=1.0, spread=2.0)},
        causes={
            "expansive_recurrence": Weights(bias=0.0, signs={"rise": 1.0}),
            "no_signal": Weights(bias=0.0, signs={}),
        },
        doubt=doubt,
    )


def _chances(ranked) -> dict[str, float]:
    return {one.code: one.probability for one in ranked}


def test_a_sign_above_its_centre_speaks_for_a_cause_with_a_positive_weight() -> None:
    ranked = _model().rank({"rise": 3.0}, CODES)

    assert ranked[0].code == "expansive_recurrence"
    assert ranked[0].probability == pytest.approx(1 / (1 + math.exp(-1)))


def test_no_single_sign_decides() -> None:
    ranked = _model().rank({"rise": 1e9}, CODES)

    assert ranked[0].probability == pytest.approx(1 / (1 + math.exp(-2.5)))


def test_a_sign_that_was_not_measured_says_nothing() -> None:
    chances = _chances(_model().rank({"rise": math.nan}, CODES))

    assert chances["expansive_recurrence"] == pytest.approx(0.5)


def test_a_cause_that_is_no_candidate_has_no_share() -> None:
    chances = _chances(_model().rank({"rise": 9.0}, {"no_signal"}))

    assert chances == {"no_signal": pytest.approx(1.0), UNKNOWN: pytest.approx(0.0)}


def test_without_a_candidate_the_cause_is_unknown() -> None:
    assert _chances(_model().rank({"rise": 9.0}, ())) == {UNKNOWN: 1.0}


def test_the_cause_is_unknown_to_the_extent_that_the_evidence_is_weak_or_missing() -> None:
    weak = _model(Doubt(bias=0.0, weakness=2.0, missing=0.0))
    missing = _model(Doubt(bias=0.0, weakness=0.0, missing=2.0))

    assert _chances(weak.rank({"rise": 1.0}, CODES))[UNKNOWN] == pytest.approx(1 / (1 + 1 / math.e))
    assert _chances(missing.rank({"rise": math.nan}, CODES))[UNKNOWN] == pytest.approx(
        1 / (1 + math.exp(-2))
    )


def test_the_probabilities_of_a_ranking_sum_to_one_and_fall() -> None:
    ranked = rank(case())

    chances = [one.probability for one in ranked]
    assert sum(chances) == pytest.approx(1.0)
    assert chances == sorted(chances, reverse=True)
    assert {one.code for one in ranked} == possible_causes(case()) & CODES | {UNKNOWN}


def test_the_coefficients_name_the_signs_that_are_computed() -> None:
    assert set(MODEL.scales) == set(signs(case()))
    assert {name for one in MODEL.causes.values() for name in one.signs} <= set(MODEL.scales)
