"""Is a loss or a gradient NaN or infinite, and where did that begin?"""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from app.domain.diagnosis import needs
from app.domain.diagnosis.case import Case
from app.domain.diagnosis.detector import DetectorCard, Outcome
from app.domain.diagnosis.evidence import number
from app.domain.diagnosis.findings import (
    Finding,
    FindingState,
    Impact,
    Severity,
)
from app.domain.diagnosis.origin import Origin, find_origin, non_finite_steps
from app.domain.diagnosis.prose import counted
from app.domain.diagnosis.thresholds import CHOSEN, count
from app.domain.scopes import Scope
from app.domain.telemetry import Place

CODE = "non_finite"
PLACES_IN_WORDS: Mapping[Place, str] = {
    "input": "in the data",
    "forward": "in the forward pass",
    "loss": "in the loss",
    "backward": "in the backward pass",
    "optimizer": "in the weights, after an update",
}
#: Values of `training.on_instability` with which a run continues.
GOES_ON = ("skip_step", "rollback")


@dataclass(frozen=True, kw_only=True)
class NonFiniteThresholds:
    """The thresholds of `non_finite`."""

    recovery_steps: int = count(
        100,
        unit="steps",
        meaning="number of consecutive finite steps after which a run has recovered",
        source=CHOSEN,
    )


def detect(case: Case, limits: NonFiniteThresholds) -> Outcome:
    origin = find_origin(case)
    if origin is None:
        return None
    steps_n, bad_steps_n = case.telemetry.steps_n, non_finite_steps(case)
    last = int(bad_steps_n[-1])
    after_n = steps_n[steps_n > last]
    has_recovered = not case.has_diverged and after_n.size >= limits.recovery_steps
    goes_on = case.spec.training.on_instability in GOES_ON and not case.has_diverged
    impact, severity = _consequence(has_recovered=has_recovered, goes_on=goes_on)
    meaning = _meaning(case, has_recovered=has_recovered, goes_on=goes_on)
    return Finding(
        code=CODE,
        state=FindingState.RESOLVED if has_recovered else FindingState.ACTIVE,
        impact=impact,
        severity=severity,
        first_step=origin.step,
        last_step=max(last, origin.step),
        resolved_step=int(after_n[0]) if has_recovered else None,
        scope=origin.scope,
        threshold={"recovery_steps": limits.recovery_steps},
        evidence=_evidence(case, origin, num_bad=int(bad_steps_n.size)),
        explanation=f"{_symptom(origin)} {meaning}",
    )


def _consequence(*, has_recovered: bool, goes_on: bool) -> tuple[Impact, Severity]:
    if has_recovered:
        return Impact.NONE, Severity.INFO
    if goes_on:
        return Impact.UNKNOWN, Severity.WARNING
    return Impact.BLOCKING, Severity.CRITICAL


def _evidence(case: Case, origin: Origin, *, num_bad: int) -> dict[str, JsonValue]:
    last = origin.last_finite_step
    is_last_n = case.telemetry.steps_n == (-1 if last is None else last)
    norms, losses = case.recorded("grad_norm"), case.recorded("loss")
    return {
        "where": origin.where,
        "scope": str(origin.scope),
        "timestep": origin.timestep,
        "batch_rows": list(origin.batch_rows),
        "last_finite_step": last,
        "non_finite_steps": num_bad,
        "last_finite_loss": number(float(losses[is_last_n][0])) if is_last_n.any() else None,
        "last_finite_grad_norm": number(float(norms[is_last_n][0])) if is_last_n.any() else None,
    }


def _symptom(origin: Origin) -> str:
    place = [f"at step {origin.step:,}", PLACES_IN_WORDS[origin.where]]
    if origin.scope != Scope.model():
        place.append(f"in {origin.scope}")
    if origin.timestep is not None:
        place.append(f"at timestep {origin.timestep:,}")
    rows = f" ({counted(len(origin.batch_rows), 'sequence')} of the batch)"
    return (
        f"The first number that is not finite arose {', '.join(place)}"
        f"{rows if origin.batch_rows else ''}."
    )


def _meaning(case: Case, *, has_recovered: bool, goes_on: bool) -> str:
    if has_recovered:
        return "The run has recovered."
    if goes_on:
        verb = "went on" if case.has_ended else "continues"
        return f"The run {verb} without such steps."
    return "The numbers of later steps, and the weights after them, mean nothing."


CARD = DetectorCard(
    code=CODE,
    summary="The loss or a gradient is NaN or infinite.",
    in_words="numbers stopped being finite",
    is_essential=True,
    needs=(needs.recorded_steps,),
    thresholds=NonFiniteThresholds,
    detect=detect,
)
