"""What a mechanism does to a run follows from what the run has learned."""

import pytest

from app.domain.diagnosis.consequence import (
    BLOCKING,
    HARMLESS,
    UNKNOWN,
    Consequence,
    consequence_of,
)
from app.domain.runs import StopReason
from tests.domain.builders import FLOOR, case, scores, task, telemetry


@pytest.mark.parametrize(
    ("learned", "step", "stop_reason", "expected"),
    [
        (0.65, 100, None, HARMLESS),
        (0.64, 999, StopReason.COMPLETED, UNKNOWN),
        (0.11, 999, StopReason.COMPLETED, UNKNOWN),
        (0.09, 999, StopReason.COMPLETED, BLOCKING),
        (0.0, 500, None, BLOCKING),
        (0.0, 499, None, UNKNOWN),
        (0.0, 100, StopReason.DIVERGED, BLOCKING),
    ],
)
def test_what_is_learned_late_in_the_run_decides(
    learned: float, step: int, stop_reason: StopReason | None, expected: Consequence
) -> None:
    seen = telemetry(num_steps=step + 1, readings=scores({step: FLOOR * (1 - learned)}))

    assert consequence_of(case(seen=seen, stop_reason=stop_reason)) == expected


@pytest.mark.parametrize(
    ("score", "expected"), [(0.4, HARMLESS), (0.9, UNKNOWN), (1.0, BLOCKING), (1.2, BLOCKING)]
)
def test_without_an_attainable_score_the_gain_over_the_baseline_decides(
    score: float, expected: Consequence
) -> None:
    given = case(
        facts=task(attainable=None, floor=1.0),
        seen=telemetry(readings=scores({999: score})),
        stop_reason=StopReason.COMPLETED,
    )

    assert consequence_of(given) == expected


def test_without_a_score_it_is_unknown() -> None:
    assert consequence_of(case(seen=telemetry(num_steps=100))) == UNKNOWN
