"""The confidence of a finding: how likely what it says of the run is true."""

import pytest

from app.domain.diagnosis.confidence.chances import CHANCES, Chances, OfCauses, OfFailing, OfNoHarm
from app.domain.diagnosis.confidence.of_findings import share_explained, with_confidence
from app.domain.diagnosis.findings import Cause, Finding, FindingState, RankedCause, Severity
from tests.domain.builders import case
from tests.domain.diagnosis.builders import finding

RANKED = (
    RankedCause(code="learning_rate_too_high", probability=0.7),
    RankedCause(code="expansive_recurrence", probability=0.2),
    RankedCause(code="unknown", probability=0.1),
)
#: Takes shares for probabilities; a run with a warning fails in one of two cases.
PLAIN = Chances(
    causes=OfCauses(bias=0.0, slope=1.0),
    failing=OfFailing(seen=0.99, bias=0.0, decided=0.0, level_left=0.0, active_left=0.0),
    no_harm=OfNoHarm(bias=0.0, share=0.0),
)


def confidence(
    *given: Finding,
    ranked: tuple[RankedCause, ...] = RANKED,
    causes: tuple[Cause, ...] = (),
    chances: Chances = PLAIN,
) -> list[float]:
    found = with_confidence(given, case(), ranked=ranked, causes=causes, chances=chances)
    return [one.confidence for one in found]


def test_the_causes_that_explain_a_finding_count_together() -> None:
    assert share_explained("exploding_gradient", RANKED) == pytest.approx(0.9)
    assert share_explained("learning_rate_too_high", RANKED) == 0.7
    assert share_explained("distribution_shift", RANKED) == 0


def test_a_mechanism_that_is_critical_is_as_likely_as_the_causes_that_explain_it() -> None:
    assert confidence(finding("exploding_gradient")) == [pytest.approx(0.9)]


def test_a_warning_is_right_only_if_the_run_fails() -> None:
    given = finding("exploding_gradient", severity=Severity.WARNING)

    assert confidence(given) == [pytest.approx(0.45)]


def test_an_outcome_needs_no_cause() -> None:
    late = finding("no_better_than_baseline")
    early = finding("no_better_than_baseline", severity=Severity.WARNING)

    assert confidence(late) == [0.99]
    assert confidence(early) == [0.5]


def test_a_finding_that_is_named_as_a_cause_has_one_number() -> None:
    cause = Cause(code="learning_rate_too_high", family="step_size", probability=0.83)

    assert confidence(finding("learning_rate_too_high"), causes=(cause,)) == [0.83]


def test_a_cause_of_an_old_diagnosis_has_no_number() -> None:
    cause = Cause(code="learning_rate_too_high", family="step_size")

    assert confidence(finding("learning_rate_too_high"), causes=(cause,)) == [pytest.approx(0.7)]


@pytest.mark.parametrize("state", [FindingState.ACTIVE, FindingState.RESOLVED])
def test_information_is_right_unless_the_run_fails_for_it(state: FindingState) -> None:
    quiet = finding("exploding_gradient", severity=Severity.INFO, state=state)
    grave = finding("learning_rate_too_high", severity=Severity.WARNING)

    beside, _ = confidence(quiet, grave)
    (alone,) = confidence(quiet, ranked=())

    assert beside == pytest.approx(1 - 0.5 * 0.9)
    assert alone == 0.5


def test_confidences_lie_between_0_and_1_and_are_shipped_with_the_service() -> None:
    given = [finding("exploding_gradient"), finding("distribution_shift")]

    explained, unexplained = confidence(*given, chances=CHANCES)

    assert 0.9 < explained < 1
    assert unexplained == 0
