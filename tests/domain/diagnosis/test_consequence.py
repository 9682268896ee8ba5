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
from tests.domain.builders import FLOOR, case, scores, telemetry


@pytest.mark.parametrize(
    ("learned", "step", "stop_reason", "expected"),
    [
        (0.5, 100, None, HARMLESS),
        (0.49, 999, StopReason.COMPLETED, UNKNOWN),
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


def test_without_a_score_it_is_unknown() -> None:
    assert consequence_of(case(seen=telemetry(num_steps=100))) == UNKNOWN
