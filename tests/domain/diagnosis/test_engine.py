"""From telemetry to a diagnosis."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.domain.diagnosis.detectors import DETECTORS
from app.domain.diagnosis.engine import diagnose
from app.domain.diagnosis.findings import (
    Diagnosis,
    DiagnosisVerdict,
    Finding,
    FindingState,
    Impact,
    NotAssessed,
    Severity,
)
from app.domain.diagnosis.verdict import judge
from app.domain.runs import StopReason
from app.domain.specs.job import JobSpec
from app.domain.task import TaskFacts
from app.domain.telemetry import Telemetry
from tests.domain.builders import case, job, profile, reading, scores, task, telemetry

EVERY_50 = range(0, 1000, 50)
NAN = float("nan")


def _finding(
    severity: Severity = Severity.CRITICAL, state: FindingState = FindingState.ACTIVE
) -> Finding:
    return Finding(
        code="vanishing_gradient",
        state=state,
        impact=Impact.UNKNOWN,
        severity=severity,
        confidence=1.0,
        first_step=0,
        last_step=1,
        threshold={},
        evidence={},
        explanation="",
    )


def _missing(code: str) -> NotAssessed:
    return NotAssessed(code=code, reason="")


def _by_code(diagnosis: Diagnosis) -> dict[str, Finding]:
    return {finding.code: finding for finding in diagnosis.findings}


@pytest.mark.parametrize(
    ("findings", "missing", "verdict"),
    [
        ([], [], "healthy"),
        ([_finding()], [], "sick"),
        ([_finding(Severity.WARNING)], [], "at_risk"),
        ([_finding(Severity.INFO)], [], "healthy"),
        ([_finding(Severity.INFO, FindingState.PREDICTED)], [], "at_risk"),
        ([_finding(state=FindingState.PREDICTED)], [], "at_risk"),
        ([_finding(state=FindingState.RESOLVED)], [], "healthy"),
        ([], [_missing("vanishing_gradient")], "undetermined"),
        ([], [_missing("clipping_masks_explosion")], "healthy"),
        ([_finding()], [_missing("non_finite")], "sick"),
        ([_finding(Severity.WARNING), _finding()], [], "sick"),
        (
            [_finding(state=FindingState.RESOLVED)],
            [_missing("no_better_than_baseline")],
            "undetermined",
        ),
    ],
)
def test_the_verdict_follows_the_table(
    findings: list[Finding], missing: list[NotAssessed], verdict: str
) -> None:
    assert judge(findings, missing) == verdict


def test_a_run_without_a_reading_is_undetermined() -> None:
    empty = Telemetry(steps_n=np.array([], dtype=np.int32), scalars={})

    diagnosis = diagnose(replace(case(seen=empty), task=None))

    assert diagnosis.verdict is DiagnosisVerdict.UNDETERMINED
    assert diagnosis.as_of_step is None
    assert {missing.code for missing in diagnosis.not_assessed} >= {
        "non_finite",
        "exploding_gradient",
        "clipping_masks_explosion",
        "vanishing_gradient",
        "truncation_too_short",
        "saturated_activations",
        "poor_initialization",
        "no_better_than_baseline",
        "diverging_loss",
        "oscillating_loss",
        "overfitting",
        "loss_plateau",
        "slow_convergence",
    }


def test_an_elman_network_that_never_learns_is_sick_and_has_causes() -> None:
    seen = telemetry(
        profiles=[profile(step) for step in EVERY_50], readings=scores({600: 0.166, 999: 0.167})
    )

    diagnosis = diagnose(case(seen=seen, stop_reason=StopReason.COMPLETED))

    assert diagnosis.verdict is DiagnosisVerdict.SICK
    assert diagnosis.final
    assert diagnosis.as_of_step == 999
    assert diagnosis.causes
    vanishing = _by_code(diagnosis)["vanishing_gradient"]
    assert vanishing.cause in diagnosis.causes


def test_data_that_are_not_finite_are_the_one_cause() -> None:
    readings = [
        reading("non_finite.where", "model", 0, step=1),
        reading("non_finite.batch_row", "model", 4, step=1),
    ]
    seen = telemetry(
        num_steps=2, loss=[1.0, NAN], readings=readings, profiles=[profile(0, log_rise=150.0)]
    )

    diagnosis = diagnose(case(seen=seen))

    (cause,) = diagnosis.causes
    assert (cause.code, cause.probability) == ("non_finite_input", 1.0)
    assert cause.evidence == {"batch_rows": [4]}
    assert _by_code(diagnosis)["non_finite"].cause == cause
    assert _by_code(diagnosis)["non_finite"].remedies == ()


def test_a_run_without_a_finding_that_matters_has_no_cause() -> None:
    seen = telemetry(profiles=[profile(step) for step in EVERY_50], readings=scores({999: 0.001}))

    diagnosis = diagnose(case(seen=seen, stop_reason=StopReason.COMPLETED))

    assert diagnosis.causes == ()
    assert all(finding.cause is None for finding in diagnosis.findings)


def test_a_gru_whose_reach_grows_on_a_flat_loss_is_not_sick() -> None:
    seen = telemetry(
        profiles=[profile(step, horizon=10 + step // 20) for step in EVERY_50],
        readings=scores({600: 0.166, 999: 0.167}),
    )

    diagnosis = diagnose(case(spec=job(model={"kind": "gru"}), seen=seen))

    assert diagnosis.verdict is DiagnosisVerdict.AT_RISK


def test_a_run_that_learns_and_reaches_is_healthy() -> None:
    seen = telemetry(
        profiles=[profile(step, ratio=0.5, horizon=199) for step in EVERY_50],
        readings=(*scores({999: 0.001}), reading("saturated_fraction", "layer:0", 0.1)),
    )

    diagnosis = diagnose(case(seen=seen, stop_reason=StopReason.COMPLETED))

    assert diagnosis.verdict is DiagnosisVerdict.HEALTHY
    assert diagnosis.findings == ()
    # what the run has no probe for is not essential
    essential = {card.code for card in DETECTORS if card.is_essential}
    assert essential.isdisjoint(missing.code for missing in diagnosis.not_assessed)


def test_a_run_that_is_nan_at_once_is_sick_with_cause_and_remedies() -> None:
    seen = telemetry(
        num_steps=2, loss=[1.0, NAN], grad_norm=NAN, profiles=[profile(0, log_rise=200)]
    )
    spec = job(
        init={"recurrent": {"kind": "spectral_radius", "radius": 5.0}}, clipping={"kind": "none"}
    )

    found = _by_code(diagnose(case(spec=spec, seen=seen, stop_reason=StopReason.DIVERGED)))

    assert found["non_finite"].cause
    kinds = [remedy.kind for remedy in found["non_finite"].remedies]
    # each of them undoes the radius of 5
    assert kinds[0] in {
        "use_gated_cell",
        "scale_recurrent_init",
        "orthogonal_recurrent_init",
        "usual_start",
    }
    # a gradient that overflows has nothing left that could be clipped
    assert "clip_norm" not in kinds


@pytest.mark.parametrize(
    ("facts", "spec", "reason"),
    [
        (task(lag=None), job(), "declare dataset.dependency_lag"),
        (task(lag=200), job(), "outside"),
        (task(), job(probes={"tier": "off"}), "probes are off"),
        (task(), job(), "no probe has been taken yet"),
    ],
)
def test_vanishing_is_not_assessed_without_what_it_needs(
    facts: TaskFacts, spec: JobSpec, reason: str
) -> None:
    diagnosis = diagnose(case(spec=spec, facts=facts))

    missing = {entry.code: entry.reason for entry in diagnosis.not_assessed}
    assert reason in missing["vanishing_gradient"]


def test_without_a_baseline_nobody_can_be_better() -> None:
    missing = diagnose(case(facts=task(has_baseline=False))).not_assessed

    assert any("no baseline" in entry.reason for entry in missing)


def test_resolved_and_harmless_findings_carry_no_remedies() -> None:
    seen = telemetry(profiles=[profile(step) for step in EVERY_50], readings=scores({999: 0.001}))

    assert _by_code(diagnose(case(seen=seen)))["vanishing_gradient"].remedies == ()


_any_float = st.floats(width=32)


@settings(max_examples=60, deadline=None)
@given(
    losses=st.lists(_any_float, min_size=0, max_size=60),
    norm=_any_float,
    clip=_any_float,
    update_ratio=_any_float,
    score=st.none() | st.floats(),
    ratios=st.lists(st.floats(min_value=0) | st.just(NAN), max_size=6),
    rise=st.floats(min_value=-1e4, max_value=1e4) | st.just(-np.inf) | st.just(NAN),
    stop_reason=st.none() | st.sampled_from(StopReason),
)
@example(
    losses=[0.0] * 20,
    norm=0.0,
    clip=math.inf,
    update_ratio=0.0,
    score=1.7e308,
    ratios=[],
    rise=-math.inf,
    stop_reason=None,
)
def test_any_telemetry_gives_one_and_the_same_diagnosis(
    *,
    losses: list[float],
    norm: float,
    clip: float,
    update_ratio: float,
    score: float | None,
    ratios: list[float],
    rise: float,
    stop_reason: StopReason | None,
) -> None:
    seen = telemetry(
        num_steps=len(losses),
        loss=np.array(losses),
        grad_norm=norm,
        clip_coefficient=clip,
        update_ratio=update_ratio,
        readings=() if score is None else scores({len(losses): score}),
        profiles=[
            profile(100 + i, ratio=ratio, log_rise=rise, interval=(ratio, ratio))
            for i, ratio in enumerate(ratios)
        ],
    )
    it = case(seen=seen, stop_reason=stop_reason, num_steps=200)

    first, second = diagnose(it), diagnose(replace(it))

    assert repr(first) == repr(second)
    for finding in first.findings:
        assert 0 <= finding.confidence <= 1
        assert finding.first_step <= finding.last_step
        assert finding.explanation.count(". ") >= 1
        assert finding.cause is None or finding.cause in first.causes
    assert len(first.causes) <= 3
