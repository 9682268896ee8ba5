"""Cards name each other by codes; what they name exists, and each code stands once."""

import re
from typing import Any

import pytest

from app.domain.diagnosis.cause import CauseCard
from app.domain.diagnosis.causes import CAUSES
from app.domain.diagnosis.codes import CauseCode, FindingCode
from app.domain.diagnosis.detector import DetectorCard
from app.domain.diagnosis.detectors import DETECTORS
from app.domain.diagnosis.engine import diagnose
from app.domain.diagnosis.indications import CAUSES_OF_SHORT_REACH, LARGE_GRADIENT_FINDINGS
from app.domain.diagnosis.overrides import THRESHOLDS
from app.domain.diagnosis.relations import causes_of, findings_of, remedies_for
from app.domain.diagnosis.remedies import REMEDIES
from app.domain.diagnosis.remedy import RemedyCard
from app.domain.diagnosis.thresholds import Threshold
from app.domain.runs import StopReason
from app.domain.specs.job import JobSpec
from tests.domain.builders import case, job, profile, reading, scores, telemetry

FINDINGS = [card.code for card in DETECTORS]
FAMILIES = (FINDINGS, [card.code for card in CAUSES], [card.kind for card in REMEDIES])
LOWER_SNAKE = re.compile(r"[a-z]+(_[a-z]+)*")


@pytest.mark.parametrize("codes", FAMILIES, ids=["findings", "causes", "remedies"])
def test_a_code_is_a_lower_snake_word_and_stands_once(codes: list[str]) -> None:
    """A finding may have the code of a cause: what is seen is then what is to be changed."""
    assert all(LOWER_SNAKE.fullmatch(code) for code in codes)
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize(
    "sentence",
    [
        *(card.summary for card in DETECTORS),
        *(card.summary for card in CAUSES),
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
        assert set(cause.tests) <= set(FINDINGS)
        assert cause.tests


@pytest.mark.parametrize("card", CAUSES, ids=lambda card: card.code)
def test_no_cause_is_told_of_a_run_that_is_well(card: CauseCard) -> None:
    for test in card.tests.values():
        assert test(case()) is None


def test_a_remedy_acts_on_causes_and_findings_that_exist() -> None:
    causes = {card.code for card in CAUSES}
    for remedy in REMEDIES:
        assert remedy.causes <= causes
        assert remedy.findings_without_cause | remedy.excluded_findings <= set(FINDINGS)
        assert findings_of(remedy)
    assert causes >= CAUSES_OF_SHORT_REACH
    assert set(FINDINGS) >= LARGE_GRADIENT_FINDINGS


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
        "expansive_recurrence",
        "learning_rate_too_high",
    )
    assert remedies_for("truncated_backpropagation") == ("lengthen_bptt",)
    assert remedies_for("non_finite_input") == ()


@pytest.mark.parametrize(
    ("kind", "findings"),
    [
        ("lengthen_bptt", {"vanishing_gradient"}),
        ("use_identity_relu", {"vanishing_gradient"}),
        ("raise_learning_rate", {"no_better_than_baseline"}),
        ("train_longer", {"vanishing_gradient", "no_better_than_baseline"}),
        ("clip_norm", {"exploding_gradient", "non_finite", "clipping_masks_explosion"}),
        ("lower_learning_rate", {"exploding_gradient", "non_finite", "no_better_than_baseline"}),
    ],
)
def test_a_remedy_is_advised_for_the_findings_of_its_causes(kind: str, findings: set[str]) -> None:
    (remedy,) = (card for card in REMEDIES if card.kind == kind)

    assert set(findings_of(remedy)) == findings


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


@pytest.mark.parametrize("bptt_length", [None, 20])
@pytest.mark.parametrize("radius", [0.5, 3.0])
@pytest.mark.parametrize("update_ratio", [1e-7, 1e-3, 1.0])
@pytest.mark.parametrize("cell", ["elman", "gru", "lstm"])
def test_the_evidence_of_a_cause_has_keys_of_its_card(
    cell: str, update_ratio: float, radius: float, bptt_length: int | None
) -> None:
    readings = (
        *scores({600: 0.166, 999: 0.167}),
        reading("spectral_radius", "layer:0", radius),
        reading("gate_mean", "gate:0/forget", 0.5),
        reading("gate_mean", "gate:0/update", 0.5),
        reading("saturated_fraction", "layer:0", radius),
    )
    seen = telemetry(
        grad_norm=1e9 * radius,
        update_ratio=update_ratio,
        readings=readings,
        profiles=[profile(step) for step in range(0, 1000, 100)] if radius < 1 else (),
    )
    spec = job(model={"kind": cell}, training={"bptt_length": bptt_length})

    findings = diagnose(case(spec=spec, seen=seen, stop_reason=StopReason.COMPLETED)).findings

    keys = {card.code: {key.name for key in card.evidence} for card in CAUSES}
    causes = [finding.cause for finding in findings if finding.cause]
    assert causes
    assert all(set(cause.evidence) <= keys[cause.code] for cause in causes)


def test_a_key_of_evidence_means_the_same_in_each_cause() -> None:
    keys = {key for card in CAUSES for key in card.evidence}

    assert len({key.name for key in keys}) == len(keys)
    assert all(key.unit and key.meaning for key in keys)
