"""The needs of detectors; each function returns why a need is not met, or None.

The docstring of a function names the need, and the documentation lists it.
"""

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.prose import counted, short
from app.domain.integrity import LIMITS


def _no_task(case: Case) -> str:
    return "the data was not built" if case.has_ended else "the data has not been built yet"


def recorded_steps(case: Case) -> str | None:
    """A recorded step."""
    if case.telemetry.steps_n.size:
        return None
    return "no step was recorded" if case.has_ended else "no step has been recorded yet"


def built_data(case: Case) -> str | None:
    """The facts of the data."""
    return _no_task(case) if case.task is None else None


def required_lag(case: Case) -> str | None:
    """A required lag that is known and lies within the sequence."""
    if case.task is None:
        return _no_task(case)
    lag = case.task.required_lag.timesteps
    if lag is None:
        return (
            "it is unknown how far back the target depends on the input: "
            "declare dataset.dependency_lag"
        )
    if lag >= case.task.length:
        return (
            f"the required lag, {lag}, lies outside of a sequence of "
            f"{counted(case.task.length, 'timestep')}"
        )
    return None


def probes(case: Case) -> str | None:
    """A lag profile of the whole model."""
    if case.spec.probes.tier == "off":
        return "probes are off (probes.tier)"
    if case.profiles:
        return None
    return "no probe was taken" if case.has_ended else "no probe has been taken yet"


def trusted_probe(case: Case) -> str | None:
    """A latest probe that passed its own checks."""
    steps = [profile.step for profile in case.telemetry.profiles]
    failed = case.failed_checks.get(max(steps, default=-1))
    if failed is None:
        return None
    limit = LIMITS[failed.quantity][case.spec.training.precision]
    return (
        f"the lag profile of step {failed.step} cannot be trusted: its {failed.quantity} is "
        f"{short(failed.value)}, and the limit is {short(limit)}"
    )


def baseline(case: Case) -> str | None:
    """A baseline of the task."""
    if case.task is None:
        return _no_task(case)
    return None if case.task.baseline else "no baseline is known for this task"
