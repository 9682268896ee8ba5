"""A probe that fails its own checks is not judged by."""

import pytest

from app.domain.diagnosis.engine import diagnose
from app.domain.diagnosis.findings import FindingCode
from app.domain.integrity import CHECKS, LIMITS, Precision, has_passed
from app.domain.quantities import series_names
from tests.domain.builders import case, profile, reading, scores, telemetry

EVERY_50 = range(0, 1000, 50)
FLAT = scores({600: 0.166, 800: 0.167, 999: 0.166})
NAN = float("nan")


def _told_of_vanishing(step: int, quantity: str, error: float) -> str | None:
    """Why it could not be assessed; None where it was found."""
    check = reading(quantity, "model", error, step=step)
    seen = telemetry(profiles=[profile(s) for s in EVERY_50], readings=(*FLAT, check))
    diagnosis = diagnose(case(seen=seen))
    missing = {one.code: one.reason for one in diagnosis.not_assessed}
    found = {one.code for one in diagnosis.findings}
    assert (FindingCode.VANISHING_GRADIENT in found) != (FindingCode.VANISHING_GRADIENT in missing)
    return missing.get(FindingCode.VANISHING_GRADIENT)


def test_every_check_is_a_quantity_with_a_limit_and_a_name() -> None:
    assert set(LIMITS) == set(CHECKS) <= set(series_names())


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("quantity", LIMITS)
def test_what_is_no_number_has_not_passed(quantity: str, precision: Precision) -> None:
    limit = LIMITS[quantity][precision]

    assert has_passed(quantity, limit, precision)
    assert not has_passed(quantity, 1.01 * limit, precision)
    assert not has_passed(quantity, NAN, precision)


@pytest.mark.parametrize("quantity", LIMITS)
@pytest.mark.parametrize("error", [0.17, NAN])
def test_a_latest_probe_that_fails_a_check_is_not_judged_by(quantity: str, error: float) -> None:
    reason = _told_of_vanishing(950, quantity, error)

    assert reason
    assert reason.startswith(
        f"the lag profile of step 950 cannot be trusted: its {quantity} is {error:.1e}, above "
    )


def test_earlier_probes_that_failed_are_passed_over() -> None:
    assert _told_of_vanishing(500, "checksum_error", 0.17) is None


def test_round_off_is_no_failure() -> None:
    assert _told_of_vanishing(950, "checksum_error", 1e-6) is None
