"""Units and gates that cannot respond."""

from typing import Any

import pytest

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.detector import DetectorCard
from app.domain.diagnosis.detectors import dead_units, saturated_activations, saturated_gates
from app.domain.diagnosis.findings import Finding, FindingState, Impact, NotAssessed, Severity
from app.domain.diagnosis.units import scope_in_words
from app.domain.runs import StopReason
from app.domain.scopes import Scope
from app.domain.telemetry import ScalarReading
from tests.domain.builders import case, job, reading, scores, telemetry

FLAT = scores({600: 0.166, 800: 0.167, 999: 0.166})
LEARNED = scores({600: 0.05, 800: 0.04, 999: 0.03})
#: Detector, model, quantity, scope, and the share from which on it speaks.
KINDS = [
    (saturated_gates.CARD, {"kind": "lstm"}, "saturated_fraction", "gate:0/forget", 0.7),
    (saturated_gates.CARD, {"kind": "gru"}, "saturated_fraction", "gate:0/reverse/new", 0.7),
    (saturated_activations.CARD, {"kind": "elman"}, "saturated_fraction", "layer:0", 0.5),
    (
        dead_units.CARD,
        {"kind": "elman", "activation": "relu"},
        "dead_fraction",
        "layer:0/reverse",
        0.5,
    ),
]
of_each_kind = pytest.mark.parametrize(("card", "model", "quantity", "scope", "limit"), KINDS)


def _case(
    model: dict[str, Any],
    quantity: str,
    scope: str,
    shares: dict[int, float],
    readings: tuple[ScalarReading, ...] = FLAT,
    **changes: Any,
) -> Case:
    read = tuple(reading(quantity, scope, value, step=step) for step, value in shares.items())
    return case(spec=job(model=model), seen=telemetry(readings=(*readings, *read)), **changes)


def _found(card: DetectorCard[Any], given: Case) -> Finding:
    outcome = card.examine(given)
    assert isinstance(outcome, Finding)
    return outcome


@of_each_kind
def test_units_that_cannot_respond_in_a_run_that_learns_nothing_are_critical(
    card: DetectorCard[Any], model: dict[str, Any], quantity: str, scope: str, limit: float
) -> None:
    given = _case(model, quantity, scope, {0: 0.1, 200: limit, 400: 0.8, 600: 0.9})

    finding = _found(card, given)

    assert finding.state is FindingState.ACTIVE
    assert (finding.impact, finding.severity) == (Impact.BLOCKING, Severity.CRITICAL)
    assert (finding.first_step, finding.last_step) == (200, 600)
    assert str(finding.scope) == scope
    assert finding.evidence == {quantity: 0.9, f"{quantity}_at_first_step": limit}
    assert "At step 600, 90 % of the" in finding.explanation
    assert finding.explanation.endswith("The task is not learned on validation.")


@of_each_kind
def test_in_a_run_that_learns_they_are_information(
    card: DetectorCard[Any], model: dict[str, Any], quantity: str, scope: str, limit: float
) -> None:
    shares = dict.fromkeys((0, 200, 400, 600), limit)

    finding = _found(card, _case(model, quantity, scope, shares, LEARNED))

    assert (finding.impact, finding.severity) == (Impact.NONE, Severity.INFO)
    assert finding.explanation.endswith("It does no harm: the task is learned.")


@of_each_kind
def test_below_the_threshold_there_is_nothing(
    card: DetectorCard[Any], model: dict[str, Any], quantity: str, scope: str, limit: float
) -> None:
    shares = dict.fromkeys((0, 200, 400, 600), limit - 0.01)

    assert card.examine(_case(model, quantity, scope, shares)) is None


@of_each_kind
def test_units_that_respond_again_are_resolved(
    card: DetectorCard[Any], model: dict[str, Any], quantity: str, scope: str, limit: float
) -> None:
    shares = {100: 0.9, 200: 0.9, 300: limit, 400: 0.1, 500: 0.1, 600: 0.1}

    finding = _found(card, _case(model, quantity, scope, shares))

    assert finding.state is FindingState.RESOLVED
    assert (finding.severity, finding.resolved_step) == (Severity.INFO, 400)
    assert "From step 400 on it is less than" in finding.explanation


@of_each_kind
def test_without_a_reading_it_is_not_assessed(
    card: DetectorCard[Any], model: dict[str, Any], quantity: str, scope: str, limit: float
) -> None:
    outcome = card.examine(_case(model, quantity, scope, {}))

    assert limit > 0
    assert isinstance(outcome, NotAssessed)
    assert quantity in outcome.reason


@pytest.mark.parametrize(
    ("card", "model"),
    [
        (saturated_gates.CARD, {"kind": "elman"}),
        (saturated_activations.CARD, {"kind": "lstm"}),
        (saturated_activations.CARD, {"kind": "elman", "activation": "relu"}),
        (dead_units.CARD, {"kind": "elman"}),
        (dead_units.CARD, {"kind": "gru"}),
    ],
)
def test_a_network_without_such_units_has_no_finding(
    card: DetectorCard[Any], model: dict[str, Any]
) -> None:
    assert card.examine(case(spec=job(model=model))) is None


@pytest.mark.parametrize(
    ("stop_reason", "words"),
    [(None, "too early to say"), (StopReason.COMPLETED, "ended before more probes")],
)
def test_probes_of_the_start_predict(stop_reason: StopReason | None, words: str) -> None:
    given = _case(
        {"kind": "gru"},
        "saturated_fraction",
        "gate:0/update",
        {0: 0.9, 50: 0.9, 100: 0.9},
        (),
        stop_reason=stop_reason,
    )

    finding = _found(saturated_gates.CARD, given)

    assert (finding.state, finding.severity) == (FindingState.PREDICTED, Severity.WARNING)
    assert words in finding.explanation


def test_probes_of_the_start_predict_nothing_where_the_task_is_learned() -> None:
    given = _case({"kind": "gru"}, "saturated_fraction", "gate:0/update", {0: 0.9}, LEARNED)

    assert saturated_gates.CARD.examine(given) is None


def test_without_a_score_the_harm_is_not_known() -> None:
    shares = dict.fromkeys((0, 200, 400, 600), 0.9)

    finding = _found(
        saturated_gates.CARD,
        _case({"kind": "gru"}, "saturated_fraction", "gate:0/update", shares, ()),
    )

    assert (finding.impact, finding.severity) == (Impact.UNKNOWN, Severity.WARNING)
    assert "not known" in finding.explanation


@pytest.mark.parametrize(
    ("scope", "words"),
    [
        ("layer:1", "layer 1"),
        ("gate:0/forget", "the forget gate of layer 0"),
        ("gate:2/reverse/new", "the new gate of layer 2, which reads backwards,"),
    ],
)
def test_a_scope_is_told_in_words(scope: str, words: str) -> None:
    assert scope_in_words(Scope.parse(scope)) == words
