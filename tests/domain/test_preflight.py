import pytest

from app.domain.diagnosis.findings import (
    DiagnosisVerdict,
    Finding,
    FindingState,
    Impact,
    Severity,
)
from app.domain.estimate import estimate
from app.domain.preflight import (
    Basis,
    as_prediction,
    basis_of,
    preflight_memory_bytes,
    preflight_num_steps,
    preflight_spec,
    with_shorter_time_limit,
)
from app.domain.specs.job import JobSpec
from app.domain.task import TaskShape
from tests.domain.builders import case, job
from tests.domain.diagnosis.builders import finding, sick_diagnosis


def a_shape(length: int) -> TaskShape:
    return TaskShape(length=length, input_size=2, output_size=1, many_to_one=True)


def large() -> JobSpec:
    return job(model={"kind": "lstm", "hidden_size": 2048}, training={"batch_size": 512})


@pytest.mark.parametrize(
    ("spec", "length", "asked", "steps"),
    [
        (job(), 10, None, 100),
        (job(), 10, 7, 7),
        (job(), 10, 0, 0),
        (job(training={"num_steps": 3}), 10, None, 3),
        (job(training={"num_steps": 3}), 10, 50, 3),
        (large(), 10_000, None, 0),
        (large(), 10_000, 50, 50),
    ],
)
def test_as_many_steps_are_tried_as_were_asked_for_or_fit(
    spec: JobSpec, length: int, asked: int | None, steps: int
) -> None:
    assert preflight_num_steps(spec, a_shape(length), asked=asked) == steps


def test_probes_that_are_off_are_on_in_a_preflight() -> None:
    off = job(probes={"tier": "off", "budget": 0.1})

    tried = preflight_spec(off)

    assert (tried.probes.tier, tried.probes.budget) == ("standard", 0.1)
    assert tried.training == off.training
    assert preflight_spec(tried) is tried


def test_a_preflight_of_the_initial_weights_needs_the_memory_of_eight_sequences() -> None:
    shape, many, few = (
        a_shape(50),
        job(training={"batch_size": 100}),
        job(training={"batch_size": 8}),
    )

    assert preflight_memory_bytes(many, shape, num_steps=0) == estimate(few, shape).memory_bytes
    assert preflight_memory_bytes(many, shape, num_steps=1) == estimate(many, shape).memory_bytes


@pytest.mark.parametrize(
    ("asked_s", "limit_s", "seconds"), [(None, 9.0, 9.0), (5.0, 9.0, 5.0), (10.0, 9.0, 9.0)]
)
def test_the_shorter_time_limit_applies(
    asked_s: float | None, limit_s: float, seconds: float
) -> None:
    spec = job(training={"time_limit_s": asked_s})

    assert with_shorter_time_limit(spec, limit_s).training.time_limit_s == seconds


def a_finding(state: FindingState, severity: Severity) -> Finding:
    told = "It grows. It hurts."
    return finding(
        "exploding_gradient",
        state=state,
        severity=severity,
        impact=Impact.BLOCKING,
        explanation=told,
    )


def test_initial_weights_alone_are_a_risk_at_most() -> None:
    diagnosis = sick_diagnosis(a_finding(FindingState.ACTIVE, Severity.CRITICAL))

    told = as_prediction(case(), diagnosis, basis=basis_of(0))

    [finding] = told.findings
    assert told.verdict is DiagnosisVerdict.AT_RISK
    assert told.summary.startswith("At risk at 1,000 of 1,000 steps: it may be that")
    assert (finding.state, finding.severity, finding.impact) == (
        FindingState.PREDICTED,
        Severity.WARNING,
        Impact.UNKNOWN,
    )


@pytest.mark.parametrize(
    ("state", "severity"),
    [(FindingState.ACTIVE, Severity.INFO), (FindingState.RESOLVED, Severity.WARNING)],
)
def test_what_does_no_harm_is_no_risk(state: FindingState, severity: Severity) -> None:
    told = as_prediction(case(), sick_diagnosis(a_finding(state, severity)), basis=Basis.STEP_0)

    assert told.verdict is DiagnosisVerdict.HEALTHY
    assert told.findings[0].state is state


def test_steps_that_were_taken_are_told_as_they_are() -> None:
    diagnosis = sick_diagnosis(a_finding(FindingState.ACTIVE, Severity.CRITICAL))

    assert as_prediction(case(), diagnosis, basis=basis_of(1)) is diagnosis
