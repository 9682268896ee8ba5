"""Cards name each other by codes; what they name exists, and each code stands once."""

import re
from typing import Any

import pytest

from app.domain.diagnosis.cause import FAMILY_SUMMARIES, UNDETERMINED, UNKNOWN, CauseCard, Family
from app.domain.diagnosis.causes import CAUSES
from app.domain.diagnosis.codes import CauseCode, FindingCode
from app.domain.diagnosis.detector import DetectorCard
from app.domain.diagnosis.detectors import DETECTORS
from app.domain.diagnosis.overrides import THRESHOLDS
from app.domain.diagnosis.records import RECORDS
from app.domain.diagnosis.relations import (
    causes_of,
    findings_explained_by,
    findings_of,
    remedies_for,
)
from app.domain.diagnosis.remedies import REMEDIES
from app.domain.diagnosis.remedy import RemedyCard
from app.domain.diagnosis.thresholds import Threshold
from app.domain.specs.job import JobSpec
from tests.domain.builders import case

FINDINGS = [card.code for card in DETECTORS]
#: A finding and a cause may have the same code: what is seen, and that it explains the rest.
CODES = {
    "findings": FINDINGS,
    "causes": [UNDETERMINED, UNKNOWN, *Family, *(card.code for card in CAUSES)],
    "remedies": [card.kind for card in REMEDIES],
}
LOWER_SNAKE = re.compile(r"[a-z]+(_[a-z]+)*")


@pytest.mark.parametrize("codes", CODES.values(), ids=list(CODES))
def test_a_code_is_a_lower_snake_word_and_stands_once(codes: list[str]) -> None:
    assert all(LOWER_SNAKE.fullmatch(code) for code in codes)
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize(
    "sentence",
    [
        *(card.summary for card in DETECTORS),
        *(card.summary for card in CAUSES),
        *(card.distinction for card in CAUSES),
        *FAMILY_SUMMARIES.values(),
        *(card.summary for card in REMEDIES),
        *(card.cannot_act for card in REMEDIES),
    ],
)
def test_what_a_card_says_is_a_sentence(sentence: str) -> None:
    assert sentence[0].isupper() or sentence[0] == "`"
    assert sentence.endswith(".")


@pytest.mark.parametrize("card", DETECTORS, ids=FINDINGS)
def test_the_words_of_a_symptom_fit_into_a_sentence(card: DetectorCard[Any]) -> None:
    assert card.in_words[0].islower()
    assert not card.in_words.endswith(".")
    assert all(need.__doc__ for need in card.needs)


def test_a_cause_explains_findings_that_exist() -> None:
    for cause in CAUSES:
        assert cause.explains & set(FINDINGS)


def test_every_family_has_causes() -> None:
    assert {cause.family for cause in CAUSES} == set(Family)
    assert set(FAMILY_SUMMARIES) == set(Family)


@pytest.mark.parametrize("card", CAUSES, ids=lambda card: card.code)
def test_no_cause_is_proven_of_a_run_that_is_well(card: CauseCard) -> None:
    assert not card.is_proven(case())


def test_a_remedy_acts_on_causes_and_findings_that_exist() -> None:
    causes = {card.code for card in CAUSES}
    for remedy in REMEDIES:
        assert remedy.causes <= causes
        assert remedy.causes
    assert RECORDS.keys() <= causes
    kinds = {card.kind for card in REMEDIES}
    assert all(of_cause.keys() <= kinds for of_cause in RECORDS.values())


@pytest.mark.parametrize("card", CAUSES, ids=lambda card: card.code)
def test_a_cause_has_remedies_or_says_why_it_has_none(card: CauseCard) -> None:
    assert bool(remedies_for(card.code)) is (card.no_remedy is None)


@pytest.mark.parametrize("remedy", REMEDIES, ids=lambda card: card.kind)
def test_a_remedy_changes_fields_of_the_job_spec(remedy: RemedyCard) -> None:
    for path in remedy.changes:
        first, *_ = path.split(".")
        assert first in JobSpec.model_fields
    assert remedy.source


def test_the_enumerations_have_every_code() -> None:
    assert FindingCode("vanishing_gradient").name == "VANISHING_GRADIENT"
    assert [code.value for code in FindingCode] == FINDINGS
    assert [code.value for code in CauseCode] == [card.code for card in CAUSES]


def test_the_relations_are_told_from_both_sides() -> None:
    assert causes_of("non_finite") == (
        "non_finite_input",
        "learning_rate_too_high",
        "expansive_recurrence",
        "state_growth",
        "numeric_precision",
    )
    (bad_data,) = (card for card in CAUSES if card.code == "non_finite_input")
    assert findings_explained_by(bad_data) == ("non_finite",)
    assert remedies_for("truncated_backpropagation")[0] == "lengthen_bptt"
    assert remedies_for("non_finite_input") == ()


@pytest.mark.parametrize(
    ("kind", "finding"),
    [
        ("lengthen_bptt", "vanishing_gradient"),
        ("lengthen_bptt", "truncation_too_short"),
        ("use_identity_relu", "vanishing_gradient"),
        ("raise_learning_rate", "no_better_than_baseline"),
        ("train_longer", "no_better_than_baseline"),
        ("clip_norm", "clipping_masks_explosion"),
        ("lower_learning_rate", "exploding_gradient"),
    ],
)
def test_a_remedy_is_advised_for_the_findings_of_its_causes(kind: str, finding: str) -> None:
    (remedy,) = (card for card in REMEDIES if card.kind == kind)

    assert finding in findings_of(remedy)


@pytest.mark.parametrize("kind", ["clip_norm", "lower_learning_rate"])
def test_a_remedy_is_not_advised_for_findings_that_have_other_causes(kind: str) -> None:
    (remedy,) = (card for card in REMEDIES if card.kind == kind)

    assert "window_too_short" not in findings_of(remedy)


@pytest.mark.parametrize(("name", "threshold"), THRESHOLDS.items(), ids=list(THRESHOLDS))
def test_a_threshold_is_described_and_its_default_lies_within_its_bounds(
    name: str, threshold: Threshold
) -> None:
    assert name.split(".", maxsplit=1)[0] in FINDINGS
    assert threshold.low <= threshold.default <= threshold.high
    assert threshold.unit
    assert threshold.meaning
    assert threshold.source
    assert threshold.is_count is isinstance(threshold.default, int)
    assert not threshold.is_count or threshold.unit != "1"


def test_a_key_of_evidence_means_the_same_in_each_cause() -> None:
    keys = {key for card in CAUSES for key in card.evidence}

    assert len({key.name for key in keys}) == len(keys)
    assert all(key.unit and key.meaning for key in keys)
