"""Contexts that the network is not shown."""

import pytest
from pydantic import JsonValue

from app.domain.data_facts import LongerContext
from app.domain.diagnosis.case import Case
from app.domain.diagnosis.detectors.window_too_short import WindowThresholds, detect
from app.domain.diagnosis.findings import Finding, NotAssessed, Severity
from app.domain.runs import StopReason
from app.domain.specs.job import JobSpec
from tests.domain.builders import case, scores, task, telemetry

LIMITS = WindowThresholds()


def _run(
    *,
    gain: float = 1.2,
    chance: float = 0.1,
    score: float | None = 0.16,
    attainable: float | None = None,
    stop_reason: StopReason | None = StopReason.COMPLETED,
) -> Case:
    context = LongerContext(shown=10, enough=20, tried=40, gain=gain, chance=chance)
    return case(
        facts=task(longer_context=context, attainable=attainable),
        seen=telemetry(readings=() if score is None else scores({999: score})),
        stop_reason=stop_reason,
    )


@pytest.mark.parametrize(
    ("judged", "severity"),
    [
        (_run(), Severity.CRITICAL),
        (_run(stop_reason=None), Severity.WARNING),
        (_run(score=None), Severity.WARNING),
        (_run(score=0.01), Severity.INFO),
    ],
)
def test_what_lies_before_the_window_is_found(judged: Case, severity: Severity) -> None:
    finding = detect(judged, LIMITS)

    assert isinstance(finding, Finding)
    assert finding.severity is severity
    assert finding.explanation.endswith("It needs 20 of the 40 that were tried.")


@pytest.mark.parametrize(
    "judged",
    [
        pytest.param(_run(gain=0.1), id="a small gain"),
        pytest.param(_run(gain=0.3, chance=0.2), id="a gain by chance"),
        pytest.param(_run(attainable=0.0), id="a task that is known"),
    ],
)
def test_look_alikes_are_not(judged: Case) -> None:
    assert detect(judged, LIMITS) is None


@pytest.mark.parametrize(("max_length", "is_known"), [(None, True), (10, False)])
def test_nothing_lies_before_sequences_that_are_shown_as_a_whole(
    max_length: int | None, *, is_known: bool
) -> None:
    dataset: dict[str, JsonValue] = {
        "kind": "sequences",
        "dataset_id": "00000000-0000-0000-0000-000000000000",
        "sequence_column": "s",
        "features": ["x"],
        "label": "y",
        "max_length": max_length,
    }
    spec = JobSpec.model_validate({"model": {"kind": "gru"}, "dataset": dataset})

    outcome = detect(case(spec=spec, facts=task(attainable=None)), LIMITS)

    assert (outcome is None) is is_known
    assert is_known or isinstance(outcome, NotAssessed)


def test_what_is_unknown_is_not_assessed() -> None:
    assert isinstance(detect(case(facts=task(attainable=None)), LIMITS), NotAssessed)
