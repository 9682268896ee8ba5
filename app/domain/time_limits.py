"""The installation's time limits of runs: the default, and the largest that a spec may ask for."""

from dataclasses import dataclass

from app.domain.errors import InvalidSpec, Problem
from app.domain.specs.job import JobSpec

#: Code of the problem of a time limit above the largest one.
TIME_LIMIT_TOO_LONG = "time_limit_too_long"


@dataclass(frozen=True, kw_only=True)
class TimeLimits:
    """Seconds of training; None is no limit."""

    #: Limit of a run whose spec has none. Without it, the largest limit applies.
    default_s: float | None = None
    max_s: float | None = None


UNLIMITED = TimeLimits()


def with_time_limit(
    spec: JobSpec, limits: TimeLimits, *, pointer: str = "/training/time_limit_s"
) -> JobSpec:
    """Returns the spec with the time limit that applies to it.

    Raises InvalidSpec, with a problem at `pointer`, for a limit above the largest one.
    """
    asked_s = spec.training.time_limit_s
    default_s = limits.max_s if limits.default_s is None else limits.default_s
    limit_s = default_s if asked_s is None else asked_s
    if limits.max_s is not None and limit_s is not None and limit_s > limits.max_s:
        detail = f"the largest time limit of this installation is {limits.max_s:g} s"
        problem = Problem(pointer=pointer, detail=detail, code=TIME_LIMIT_TOO_LONG)
        sentence = f"The job spec cannot be run: {detail}."
        raise InvalidSpec(sentence, problems=[problem])
    if limit_s == asked_s:
        return spec
    training = spec.training.model_copy(update={"time_limit_s": limit_s})
    return spec.model_copy(update={"training": training})
