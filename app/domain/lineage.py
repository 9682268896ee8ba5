"""The job specs of resumed and forked runs."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

from pydantic import JsonValue

from app.domain.errors import IllegalTransition, InvalidInput, InvalidSpec, Problem
from app.domain.runs import Run, RunStatus, StopReason
from app.domain.specs.job import JobSpec
from app.domain.specs.patch import patched, patched_at

#: Parts of a spec that a fork may change: all but those that determine the network and the data.
PATCHABLE = ("optimizer", "clipping", "regularization", "training", "probes")
BEST_STEP: Final = "best"
#: Fields of a spec that another run does not take over, because they name its parent.
WITHOUT_LINEAGE: Mapping[str, None] = MappingProxyType({"parent_id": None, "lineage": None})
#: Where a fork starts: a step, the best step, or None for the last checkpoint.
FromStep = int | Literal["best"] | None
#: Codes of problems with a resumption or a fork, published in the API's reference.
LINEAGE_CODES = (
    "no_checkpoint",
    "no_steps_left",
    "no_time_left",
    "not_patchable",
    "optimizer_changed",
    "parent_not_found",
    "remedy_unknown",
)

#: Ends that a run would only meet again, in words.
_ENDS_AGAIN: Mapping[StopReason | None, str] = MappingProxyType(
    {
        StopReason.DIVERGED: "diverged and would diverge again",
        StopReason.CRITICAL_FINDING: "was stopped at a critical finding and would be stopped again",
    }
)


def resumed_spec(run: Run, *, num_steps: int | None, time_limit_s: float | None) -> JobSpec:
    """Returns the spec with which an ended run continues; None keeps the run's own limit.

    Raises IllegalTransition when the run cannot continue, and InvalidInput when no steps or no time
    are left.
    """
    if not run.status.has_ended:
        detail = f"The run has not ended: it is {run.status}."
        raise IllegalTransition(detail)
    again = _ENDS_AGAIN.get(run.stop_reason)
    if again is not None:
        detail = f"The run {again}: fork it with a patch, POST /v1/runs/{run.id}/fork."
        raise IllegalTransition(detail)
    training = run.spec.training
    steps = training.num_steps if num_steps is None else num_steps
    is_done = run.status is RunStatus.SUCCEEDED and run.progress_step >= steps
    if is_done or steps < run.progress_step:
        detail = f"{run.progress_step} steps are done; request more"
        raise _refused("/num_steps", detail, "no_steps_left")
    limit_s = training.time_limit_s if time_limit_s is None else time_limit_s
    is_over = run.stop_reason is StopReason.TIMED_OUT
    if is_over and limit_s is not None and limit_s <= (training.time_limit_s or 0):
        detail = f"the limit of {training.time_limit_s:g} s is used up; request a longer one"
        raise _refused("/time_limit_s", detail, "no_time_left")
    return patched(run.spec, {"training": {"num_steps": steps, "time_limit_s": limit_s}})


def can_fork(spec: JobSpec, patch: Mapping[str, JsonValue], changed: JobSpec) -> bool:
    """Returns whether a fork can take this patch; `changed` is the spec with it."""
    return set(patch) <= set(PATCHABLE) and changed.training.seed == spec.training.seed


def forked_spec(spec: JobSpec, patch: Mapping[str, JsonValue], *, from_step: int) -> JobSpec:
    """Returns the spec of a fork that starts at `from_step`.

    Raises InvalidSpec that points to the errors in the patch, and InvalidInput when the patch
    changes the seed or leaves no steps.
    """
    problems = [
        Problem(
            pointer=f"/patch/{name}",
            detail=f"a fork can only change {', '.join(PATCHABLE)}",
            code="not_patchable",
        )
        for name in patch
        if name not in PATCHABLE
    ]
    if problems:
        raise InvalidSpec(problems=problems)
    own = spec.model_copy(update=WITHOUT_LINEAGE)
    forked = patched_at(own, patch, place="/patch")
    if forked.training.seed != spec.training.seed:
        detail = "a fork keeps the seed, so that batches and dropout continue unchanged"
        raise _refused("/patch/training/seed", detail, "not_patchable")
    if forked.training.num_steps <= from_step:
        detail = f"{from_step} steps are done; request more"
        raise _refused("/patch/training/num_steps", detail, "no_steps_left")
    return forked


def _refused(pointer: str, detail: str, code: str) -> InvalidInput:
    sentence = f"{detail[0].upper()}{detail[1:]}."
    return InvalidInput(sentence, problems=[Problem(pointer=pointer, detail=detail, code=code)])
