"""Few examples that hold nearly all of the loss."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.detectors.outliers_dominate import OutlierThresholds, detect
from app.domain.diagnosis.findings import Finding, NotAssessed, Severity
from app.domain.scopes import Split
from app.domain.task import Baseline
from tests.domain.builders import case, probe_readings, scores, task, telemetry

LIMITS = OutlierThresholds()
FROM_THE_START = [0.99, 1.0, 1.0, 0.98]
LATER = [0.3, 0.6, 0.95, 0.96]
JUMPS = np.where(np.arange(1000) % 15, 0.002, 1.0)


def _run(
    shares: Sequence[float],
    *,
    loss: Sequence[float] | np.ndarray | float = 0.2,
    floors: Mapping[Split, float | None] | None = None,
    are_numbers: bool = True,
) -> Case:
    floor = Baseline(name="mean", metric="mse", value=1 / 6, scores=floors or {}, source="mean")
    kind = "prediction_spread" if are_numbers else "predicted_class_share"
    seen = telemetry(
        loss=loss,
        readings=(
            *probe_readings("loss_share_of_few", shares),
            *probe_readings(kind, [0.5] * len(shares)),
            *scores({999: 0.166}),
        ),
    )
    return case(facts=task().model_copy(update={"baselines": (floor,)}), seen=seen)


def test_few_terms_with_all_of_the_loss_from_the_start_are_found() -> None:
    finding = detect(_run(FROM_THE_START), LIMITS)

    assert isinstance(finding, Finding)
    assert finding.severity is Severity.CRITICAL
    assert finding.first_step == 0
    assert "5 % of the terms of the training loss hold 99.5 %" in finding.explanation


@pytest.mark.parametrize("held_out", [1e-6, 0.0, 1e6])
def test_outliers_that_no_probe_sees_are_found_by_batches_that_jump(held_out: float) -> None:
    judged = _run(LATER[:2], loss=JUMPS, floors={"train": 1.0, "validation": held_out})

    finding = detect(judged, LIMITS)

    assert isinstance(finding, Finding)
    assert finding.evidence["largest_loss_over_median"] == pytest.approx(500)
    assert "jumps in 6.7 % of the batches" in finding.explanation


def test_outliers_in_every_batch_are_found_by_the_scores_of_the_baseline() -> None:
    finding = detect(_run([0.7] * 4, floors={"train": 1.0, "validation": 1e-6}), LIMITS)

    assert isinstance(finding, Finding)
    assert "5 % of the terms of the training loss hold 70 %" in finding.explanation


@pytest.mark.parametrize(
    "judged",
    [
        pytest.param(_run(LATER), id="hard examples"),
        pytest.param(_run([0.95, 0.3, 0.3, 0.3]), id="only at the start"),
        pytest.param(_run(FROM_THE_START, are_numbers=False), id="a rare class"),
        pytest.param(
            _run(LATER, floors={"train": 1.0, "validation": 1e-6}), id="a calmer validation part"
        ),
        pytest.param(
            _run(LATER, loss=JUMPS, floors={"train": 1.0, "validation": 0.9}), id="jumps alone"
        ),
        pytest.param(
            _run(LATER, loss=JUMPS, floors={"train": 1.0, "validation": -2.0}), id="no scale"
        ),
        pytest.param(
            _run(LATER, loss=JUMPS, floors={"train": 1.0, "validation": None}), id="no validation"
        ),
        pytest.param(_run(LATER, loss=0.0), id="a loss of 0"),
        pytest.param(_run(LATER, loss=np.nan), id="no finite loss"),
    ],
)
def test_look_alikes_are_not(judged: Case) -> None:
    assert detect(judged, LIMITS) is None


def test_without_probes_it_is_not_assessed() -> None:
    assert isinstance(detect(case(), LIMITS), NotAssessed)
    assert isinstance(detect(_run(FROM_THE_START[:1]), LIMITS), NotAssessed)
