"""How long a job spec is tried before anybody orders the run, and what such a look can say."""

from dataclasses import replace
from enum import StrEnum

from app.domain.diagnosis.findings import (
    Diagnosis,
    Finding,
    FindingState,
    Impact,
    Severity,
)
from app.domain.diagnosis.verdict import judge, summarise
from app.domain.estimate import step_seconds
from app.domain.specs.job import JobSpec
from app.domain.task import TaskShape

#: What a client may ask for.
MAX_STEPS = 1000
#: Tried where nothing else is asked for and they fit into the time below.
DEFAULT_STEPS = 100
#: By the closed form of the estimate: leaves room for the probes within a short wait.
MAX_SECONDS = 3.0


class Basis(StrEnum):
    """What a prediction rests on."""

    #: The initial weights alone.
    STEP_0 = "step_0"
    #: The first steps of training.
    MINI_STEPS = "mini_steps"


def steps_to_try(spec: JobSpec, shape: TaskShape, *, asked: int | None) -> int:
    """As many as were asked for, else as many as fit; never more than the run would take."""
    fitting = int(MAX_SECONDS / step_seconds(spec, shape))
    wanted = min(DEFAULT_STEPS, fitting) if asked is None else asked
    return min(wanted, spec.training.num_steps)


def spec_to_try(spec: JobSpec) -> JobSpec:
    """A preflight that does not look is none: probes that are off stand at their default."""
    if spec.probes.tier != "off":
        return spec
    probes = spec.probes.model_copy(update={"tier": "standard"})
    return spec.model_copy(update={"probes": probes})


def basis_of(num_steps: int) -> Basis:
    return Basis.MINI_STEPS if num_steps else Basis.STEP_0


def foreseen(diagnosis: Diagnosis, *, basis: Basis) -> Diagnosis:
    """What it foretells: initial weights alone are a risk at most, whatever they look like."""
    if basis is Basis.MINI_STEPS:
        return diagnosis
    findings = tuple(map(_as_prognosis, diagnosis.findings))
    verdict = judge(findings, diagnosis.not_assessed)
    return replace(
        diagnosis,
        findings=findings,
        verdict=verdict,
        summary=summarise(verdict, findings, diagnosis.not_assessed),
    )


def _as_prognosis(finding: Finding) -> Finding:
    if finding.state is not FindingState.ACTIVE or finding.severity is Severity.INFO:
        return finding
    return replace(
        finding, state=FindingState.PREDICTED, severity=Severity.WARNING, impact=Impact.UNKNOWN
    )
