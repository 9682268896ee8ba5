"""Later data outside of the range of training."""

from dataclasses import replace

import pytest

from app.domain.data_facts import ColumnShift, RangeShift
from app.domain.diagnosis.case import Case
from app.domain.diagnosis.detectors.distribution_shift import CARD, ShiftThresholds, detect
from app.domain.diagnosis.findings import Finding, Impact, NotAssessed, Severity
from app.domain.runs import StopReason
from tests.domain.builders import case, scores, task, telemetry

LIMITS = ShiftThresholds()


def _run(
    *, outside: float = 0.6, train: float | None = 0.001, validation: float | None = 0.17
) -> Case:
    column = ColumnShift(column="y", outside_share=outside, outside_distance=0.3, level_move=2.0)
    known = {"train": train, "validation": validation}
    readings = [
        one
        for split, score in known.items()
        if score is not None
        for one in scores({500: score, 999: score}, split=split)
    ]
    return case(
        facts=task(shift={"validation": RangeShift(target=column)}),
        seen=telemetry(readings=readings),
        stop_reason=StopReason.COMPLETED,
    )


def test_a_run_that_fails_only_where_the_level_has_moved_is_found() -> None:
    finding = detect(_run(), LIMITS)

    assert isinstance(finding, Finding)
    assert finding.severity is Severity.CRITICAL
    assert finding.first_step == 500
    assert "60 % of the values of y" in finding.explanation


def test_a_run_that_is_only_worse_there_is_warned_of() -> None:
    finding = detect(_run(validation=0.06), LIMITS)

    assert isinstance(finding, Finding)
    assert (finding.severity, finding.impact) == (Severity.WARNING, Impact.UNKNOWN)
    assert "99.4 % on training and 64 % on validation" in finding.explanation


@pytest.mark.parametrize(
    "judged",
    [
        pytest.param(_run(outside=0.02), id="overfitting"),
        pytest.param(_run(validation=0.01), id="a network that goes on beyond its range"),
        pytest.param(_run(train=0.17), id="nothing learned at all"),
    ],
)
def test_look_alikes_are_not(judged: Case) -> None:
    assert detect(judged, LIMITS) is None


def test_without_columns_there_is_no_shift() -> None:
    facts = task(shift={"validation": RangeShift(target=None)})

    assert detect(case(facts=facts), LIMITS) is None


@pytest.mark.parametrize(
    "judged", [case(), _run(validation=None), _run(train=None), replace(case(), task=None)]
)
def test_what_is_unknown_is_not_assessed(judged: Case) -> None:
    assert isinstance(CARD.examine(judged), NotAssessed)
