"""Whether a probe's lag profile can be believed: checks that it makes on itself, and their limits.

A mistake in the replay shows in these as a difference of the size of the gradient itself; what
round-off explains stays far below the limits.
"""

from collections.abc import Iterable, Mapping
from typing import Literal

from app.domain.telemetry import ScalarReading

Precision = Literal["float32", "float64"]

#: Quantity -> largest error that round-off explains, by the precision of the run.
LIMITS: Mapping[str, Mapping[Precision, float]] = {
    "checksum_error": {"float32": 1e-5, "float64": 1e-10},
    # the replay works in double precision whatever the run's is
    "adjoint_error": {"float32": 1e-9, "float64": 1e-9},
}
#: Quantity -> name of the check.
CHECKS: Mapping[str, str] = {
    "checksum_error": "parameter_gradient_checksum",
    "adjoint_error": "adjoint_identity",
}


def has_passed(quantity: str, error: float, precision: Precision) -> bool:
    """False for NaN: a check that gave no number was not passed."""
    return error <= LIMITS[quantity][precision]


def failed_checks(
    readings: Iterable[ScalarReading], precision: Precision
) -> Mapping[int, ScalarReading]:
    """Step -> a check that its probe failed."""
    return {
        reading.step: reading
        for reading in readings
        if reading.quantity in LIMITS and not has_passed(reading.quantity, reading.value, precision)
    }
