"""Judges by its checks whether a lag profile can be trusted.

An error in the replay appears as a difference as large as the gradient itself. Round-off stays far
below the limits of the checks that decide. A check that is superseded decides only for probes of
earlier releases, which did not measure the other one.
"""

from collections.abc import Collection, Iterable, Mapping

from app.domain.quantities import probed
from app.domain.quantities.probe import Precision
from app.domain.telemetry import ScalarReading

#: Quantity -> largest error that round-off explains, by the precision of the run.
LIMITS: Mapping[str, Mapping[Precision, float]] = {
    check.quantity: check.limits for check in probed.CHECKS
}
#: Quantity -> name of the check.
CHECKS: Mapping[str, str] = {check.quantity: check.name for check in probed.CHECKS}
#: Quantity -> the one that decides in its place where both were measured.
SUPERSEDED: Mapping[str, str] = {
    check.quantity: check.superseded_by for check in probed.CHECKS if check.superseded_by
}


def has_passed(quantity: str, error: float, precision: Precision) -> bool:
    """Returns whether the error is within its limit; False for NaN."""
    return error <= LIMITS[quantity][precision]


def decides(quantity: str, step: int, steps_of: Mapping[str, Collection[int]]) -> bool:
    """Returns whether a check decides at a step, given the steps at which each was measured."""
    return step not in steps_of.get(SUPERSEDED.get(quantity, ""), ())


def failed_checks(
    readings: Iterable[ScalarReading], precision: Precision
) -> Mapping[int, ScalarReading]:
    """Returns a failed check that decides for each step that has one."""
    checks = [reading for reading in readings if reading.quantity in LIMITS]
    steps_of: dict[str, set[int]] = {}
    for reading in checks:
        steps_of.setdefault(reading.quantity, set()).add(reading.step)
    return {
        reading.step: reading
        for reading in checks
        if decides(reading.quantity, reading.step, steps_of)
        and not has_passed(reading.quantity, reading.value, precision)
    }
