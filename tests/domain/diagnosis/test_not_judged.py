"""A run that failed before there was anything to judge has no verdict on its health."""

from dataclasses import replace

import numpy as np
import pytest

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.detectors import DETECTORS
from app.domain.diagnosis.engine import diagnose
from app.domain.runs import StopReason
from app.domain.telemetry import Telemetry
from tests.domain.builders import case, telemetry

NOTHING = Telemetry(steps_n=np.array([], dtype=np.int32), scalars={})


def failed(stop_reason: StopReason, *, error: str | None, seen: Telemetry = NOTHING) -> Case:
    return replace(case(seen=seen, stop_reason=stop_reason), error=error, task=None)


@pytest.mark.parametrize(
    ("stop_reason", "error", "summary"),
    [
        (
            StopReason.INVALID_DATA,
            "row 6, column 't': the same time twice.",
            "Not judged: the data were refused: row 6, column 't': the same time twice.",
        ),
        (StopReason.INVALID_DATA, None, "Not judged: the data were refused."),
        (
            StopReason.CRASHED,
            "KeyError: 'x'",
            "Not judged: the run crashed before its first step: KeyError: 'x'.",
        ),
        (StopReason.CANCELLED, None, "Not judged: the run was cancelled before its first step."),
        (
            StopReason.OUT_OF_MEMORY,
            None,
            "Not judged: the run ran out of memory before its first step.",
        ),
    ],
)
def test_a_run_without_a_step_is_not_judged(
    stop_reason: StopReason, error: str | None, summary: str
) -> None:
    diagnosis = diagnose(failed(stop_reason, error=error))

    assert (diagnosis.verdict, diagnosis.findings) == ("undetermined", ())
    assert diagnosis.summary == summary
    assert [one.code for one in diagnosis.not_assessed] == [card.code for card in DETECTORS]


def test_refused_data_are_not_judged_by_steps_either() -> None:
    seen = telemetry(loss=float("nan"))

    diagnosis = diagnose(failed(StopReason.INVALID_DATA, error="no", seen=seen))

    assert (diagnosis.verdict, diagnosis.findings) == ("undetermined", ())


@pytest.mark.parametrize(
    ("stop_reason", "words"),
    [
        (StopReason.CRASHED, "after which the run crashed"),
        (StopReason.LOST, "after which the run was lost with its worker"),
        (StopReason.OUT_OF_MEMORY, "after which the run ran out of memory"),
    ],
)
def test_a_run_that_failed_later_is_judged_by_its_steps(
    stop_reason: StopReason, words: str
) -> None:
    seen = telemetry(num_steps=300)

    summary = diagnose(case(seen=seen, stop_reason=stop_reason)).summary

    assert f"judged by 300 of 1,000 steps, {words}" in summary


@pytest.mark.parametrize(("stop_reason", "words"), [(None, "yet"), (StopReason.TIMED_OUT, "was")])
def test_what_is_missing_is_still_to_come_while_the_run_trains_only(
    stop_reason: StopReason | None, words: str
) -> None:
    it = replace(case(seen=telemetry(num_steps=30), stop_reason=stop_reason), task=None)

    reasons = {one.code: one.reason for one in diagnose(it).not_assessed}

    assert words in reasons["vanishing_gradient"]


def test_a_run_that_trains_has_no_reason_to_be_left_out() -> None:
    diagnosis = diagnose(replace(case(seen=NOTHING), task=None))

    assert "Not judged" not in diagnosis.summary
