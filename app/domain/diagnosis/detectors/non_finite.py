"""Is a loss or a gradient NaN or infinite, and where did that begin?"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from pydantic import JsonValue

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.causes import cause_of_large_gradient
from app.domain.diagnosis.evidence import counted, number
from app.domain.diagnosis.explosions import bad_steps
from app.domain.diagnosis.findings import (
    Cause,
    Finding,
    FindingCode,
    FindingState,
    Impact,
    Severity,
)
from app.domain.diagnosis.outcome import Outcome
from app.domain.diagnosis.thresholds import Thresholds
from app.domain.symptoms import CauseCode
from app.domain.telemetry import PLACES, Place, ScalarReading

CODE = FindingCode.NON_FINITE
IN_WORDS: Mapping[Place, str] = {
    "input": "in the data",
    "forward": "in the forward pass",
    "loss": "in the loss",
    "backward": "in the backward pass",
    "optimizer": "in the weights, after an update",
}
#: What a run may be told to do instead of ending.
GOES_ON = ("skip_step", "rollback")


@dataclass(frozen=True, kw_only=True)
class _Origin:
    """Where the first number that is not finite began."""

    where: Place
    scope: str
    step: int
    timestep: int | None
    batch_rows: tuple[int, ...]
    last_finite_step: int | None


def detect(case: Case, thresholds: Thresholds) -> Outcome:
    bad_n = bad_steps(case)
    if not bad_n.any() and not case.has_diverged:
        return None
    limits = thresholds.non_finite
    steps_n = case.telemetry.steps_n
    bad_steps_n = steps_n[bad_n] if bad_n.any() else steps_n[-1:]
    last = int(bad_steps_n[-1])
    after_n = steps_n[steps_n > last]
    has_recovered = not case.has_diverged and after_n.size >= limits.recovery_steps
    origin = _origin(case, first_bad=int(bad_steps_n[0]))
    cause = _cause(case, origin, max_update_ratio=limits.max_update_ratio)
    goes_on = case.spec.training.on_instability in GOES_ON and not case.has_diverged
    impact, severity = _consequence(has_recovered=has_recovered, goes_on=goes_on)
    return Finding(
        code=CODE,
        state=FindingState.RESOLVED if has_recovered else FindingState.ACTIVE,
        impact=impact,
        severity=severity,
        confidence=1.0,
        first_step=origin.step,
        last_step=max(last, origin.step),
        resolved_step=int(after_n[0]) if has_recovered else None,
        scope=origin.scope,
        threshold={
            "recovery_steps": limits.recovery_steps,
            "max_update_ratio": limits.max_update_ratio,
        },
        evidence=_evidence(case, origin, num_bad=int(bad_steps_n.size)),
        cause=cause,
        explanation=f"{_symptom(origin)} {_meaning(has_recovered=has_recovered, goes_on=goes_on)}",
    )


def _consequence(*, has_recovered: bool, goes_on: bool) -> tuple[Impact, Severity]:
    if has_recovered:
        return Impact.NONE, Severity.INFO
    if goes_on:
        return Impact.UNKNOWN, Severity.WARNING
    return Impact.BLOCKING, Severity.CRITICAL


def _origin(case: Case, *, first_bad: int) -> _Origin:
    """As the worker found it by doing the step again; else as the telemetry tells."""
    found = [r for r in case.telemetry.readings if r.quantity.startswith("non_finite.")]
    where = next((r for r in found if r.quantity == "non_finite.where"), None)
    if where is None or not 0 <= int(where.value) < len(PLACES):
        return _origin_by_telemetry(case, first_bad=first_bad)
    same = [r for r in found if r.step == where.step and r.scope == where.scope]
    return _Origin(
        where=PLACES[int(where.value)],
        scope=where.scope,
        step=where.step,
        timestep=_value(same, "non_finite.timestep"),
        batch_rows=tuple(
            int(r.value) for r in same if r.quantity.startswith("non_finite.batch_row")
        ),
        last_finite_step=_before(case, where.step),
    )


def _value(readings: list[ScalarReading], quantity: str) -> int | None:
    return next((int(r.value) for r in readings if r.quantity == quantity), None)


def _origin_by_telemetry(case: Case, *, first_bad: int) -> _Origin:
    loss_n = case.scalar("loss")[case.telemetry.steps_n == first_bad]
    is_loss_finite = bool(np.isfinite(loss_n).all())
    return _Origin(
        where="backward" if is_loss_finite else "loss",
        scope="model",
        step=first_bad,
        timestep=None,
        batch_rows=(),
        last_finite_step=_before(case, first_bad),
    )


def _before(case: Case, step: int) -> int | None:
    """The last step before this one whose loss and gradient are finite."""
    steps_n = case.telemetry.steps_n
    fine_n = steps_n[(steps_n < step) & ~bad_steps(case)]
    return int(fine_n[-1]) if fine_n.size else None


def _cause(case: Case, origin: _Origin, *, max_update_ratio: float) -> Cause | None:
    if origin.where == "input":
        return Cause(
            code=CauseCode.NON_FINITE_INPUT, evidence={"batch_rows": list(origin.batch_rows)}
        )
    return cause_of_large_gradient(case, max_update_ratio=max_update_ratio)


def _evidence(case: Case, origin: _Origin, *, num_bad: int) -> dict[str, JsonValue]:
    last = origin.last_finite_step
    is_last_n = case.telemetry.steps_n == (-1 if last is None else last)
    norms, losses = case.scalar("grad_norm"), case.scalar("loss")
    return {
        "where": origin.where,
        "scope": origin.scope,
        "timestep": origin.timestep,
        "batch_rows": list(origin.batch_rows),
        "last_finite_step": last,
        "non_finite_steps": num_bad,
        "last_finite_loss": number(losses[is_last_n][0]) if is_last_n.any() else None,
        "last_finite_grad_norm": number(norms[is_last_n][0]) if is_last_n.any() else None,
    }


def _symptom(origin: _Origin) -> str:
    place = [f"at step {origin.step}", IN_WORDS[origin.where]]
    if origin.scope != "model":
        place.append(f"in {origin.scope}")
    if origin.timestep is not None:
        place.append(f"at timestep {origin.timestep}")
    rows = f" ({counted(len(origin.batch_rows), 'sequence')} of the batch)"
    return (
        f"The first number that is not finite came up {', '.join(place)}"
        f"{rows if origin.batch_rows else ''}."
    )


def _meaning(*, has_recovered: bool, goes_on: bool) -> str:
    if has_recovered:
        return "The run has got over it."
    if goes_on:
        return "The run goes on without such steps."
    return "Nothing that is computed from there on has a meaning, so no model comes of this run."
