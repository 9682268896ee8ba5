"""Preflights: the number of steps, the spec that is trained, and what the result predicts."""

from dataclasses import replace
from enum import StrEnum

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.findings import (
    Diagnosis,
    Finding,
    FindingState,
    Impact,
    Severity,
)
from app.domain.diagnosis.summary import summarise
from app.domain.diagnosis.verdict import judge
from app.domain.estimate import estimate, step_seconds
from app.domain.specs.job import JobSpec
from app.domain.task import TaskShape

#: Maximum that a client may request.
MAX_STEPS = 1000
#: Number of steps when the client requests none and they fit into MAX_SECONDS.
DEFAULT_STEPS = 100
#: A preflight without a step is quick when its estimated memory and its data set are no larger.
#: Then its probes take seconds, and the process that builds the data stays small.
QUICK_MEMORY_BYTES = 256 * 2**20
QUICK_DATASET_BYTES = 8 * 2**20
#: Limit of the estimated time of the steps. Probes take more, and a client waits for both.
MAX_SECONDS = 3.0


#: Sequences that a preflight of the initial weights takes at least: with fewer, a bootstrap over
#: sequences says nothing.
MIN_SEQUENCES = 8


class Basis(StrEnum):
    """What a prediction is based on."""

    #: The initial weights only.
    STEP_0 = "step_0"
    #: The first steps of training.
    MINI_STEPS = "mini_steps"


def preflight_num_steps(spec: JobSpec, shape: TaskShape, *, asked: int | None) -> int:
    """Returns the number of steps of a preflight, at most as many as the run has.

    `asked` is the client's number; None takes up to DEFAULT_STEPS that fit into MAX_SECONDS.
    """
    fitting = int(MAX_SECONDS / step_seconds(spec, shape))
    wanted = min(DEFAULT_STEPS, fitting) if asked is None else asked
    return min(wanted, spec.training.num_steps)


def preflight_spec(spec: JobSpec) -> JobSpec:
    """Returns the spec to train: probes that are off are set to the tier `standard`."""
    if spec.probes.tier != "off":
        return spec
    probes = spec.probes.model_copy(update={"tier": "standard"})
    return spec.model_copy(update={"probes": probes})


def preflight_memory_bytes(spec: JobSpec, shape: TaskShape, *, num_steps: int) -> int:
    """Returns the estimated memory; without a step, the batches are as small as they may be."""
    if num_steps == 0:
        size = min(spec.training.batch_size, MIN_SEQUENCES)
        training = spec.training.model_copy(update={"batch_size": size})
        spec = spec.model_copy(update={"training": training})
    return estimate(spec, shape).memory_bytes


def with_shorter_time_limit(spec: JobSpec, limit_s: float) -> JobSpec:
    """Returns the spec with a time limit of at most `limit_s`."""
    asked_s = spec.training.time_limit_s
    if asked_s is not None and asked_s <= limit_s:
        return spec
    training = spec.training.model_copy(update={"time_limit_s": limit_s})
    return spec.model_copy(update={"training": training})


def basis_of(num_steps: int) -> Basis:
    return Basis.MINI_STEPS if num_steps else Basis.STEP_0


def as_prediction(case: Case, diagnosis: Diagnosis, *, basis: Basis) -> Diagnosis:
    """Turns the diagnosis of a preflight into a prediction.

    From the initial weights only, active findings become predicted warnings.
    """
    if basis is Basis.MINI_STEPS:
        return diagnosis
    findings = tuple(map(_as_prognosis, diagnosis.findings))
    verdict = judge(findings, diagnosis.not_assessed)
    return replace(
        diagnosis,
        findings=findings,
        verdict=verdict,
        summary=summarise(
            case, verdict, findings, diagnosis.not_assessed, diagnosis.causes, diagnosis.outlook
        ),
    )


def _as_prognosis(finding: Finding) -> Finding:
    if finding.state is not FindingState.ACTIVE or finding.severity is Severity.INFO:
        return finding
    return replace(
        finding, state=FindingState.PREDICTED, severity=Severity.WARNING, impact=Impact.UNKNOWN
    )
