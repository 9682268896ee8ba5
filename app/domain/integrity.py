"""Judges by its checks whether a lag profile can be trusted.

An error in the replay appears as a difference as large as the gradient itself. Round-off stays far
below the limits.
"""

from collections.abc import Iterable, Mapping

from app.domain.quantities import probed
from app.domain.quantities.probe import Precision
from app.domain.telemetry import ScalarReading

#: Quantity -> largest error that round-off explains, by the precision of the run.
LIMITS: Mapping[str, Mapping[Precision, float]] = {
    check.quantity: check.limits for check in probed.CHECKS
}
#: Quantity -> name of the check.
CHECKS: Mapping[str, str] = {check.quantity: check.name for check in probed.CHECKS}


def has_passed(quantity: str, error: float, precision: Precision) -> bool:
    """Returns whether the error is within its limit; False for NaN."""
    return error <= LIMITS[quantity][precision]


def failed_checks(
    readings: Iterable[ScalarReading], precision: Precision
) -> Mapping[int, ScalarReading]:
    """Returns a failed check for each step that has one."""
    return {
        reading.step: reading
        for reading in readings
        if reading.quantity in LIMITS and not has_passed(reading.quantity, reading.value, precision)
    }
