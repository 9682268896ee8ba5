"""A probe that fails its own checks is not judged by."""

import pytest

from app.domain.diagnosis.engine import diagnose
from app.domain.integrity import CHECKS, failed_checks, has_passed
from app.domain.quantities import series_names
from app.domain.quantities.probe import Precision
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
    assert ("vanishing_gradient" in found) != ("vanishing_gradient" in missing)
    return missing.get("vanishing_gradient")


def test_every_check_is_a_quantity_with_a_name() -> None:
    assert dict(CHECKS) == {
        "exact_checksum_error": "parameter_gradient_checksum",
        "checksum_error": "parameter_gradient_checksum",
        "adjoint_error": "adjoint_identity",
    }
    assert set(CHECKS) <= set(series_names())


@pytest.mark.parametrize(
    ("quantity", "precision", "limit"),
    [
        ("exact_checksum_error", "float32", 1e-6),
        ("exact_checksum_error", "float64", 1e-6),
        ("checksum_error", "float32", 1e-5),
        ("checksum_error", "float64", 1e-10),
        ("adjoint_error", "float32", 1e-9),
        ("adjoint_error", "float64", 1e-9),
    ],
)
def test_a_check_passes_up_to_what_round_off_explains(
    quantity: str, precision: Precision, limit: float
) -> None:
    assert has_passed(quantity, limit, precision)
    assert not has_passed(quantity, 1.01 * limit, precision)
    assert not has_passed(quantity, NAN, precision)


def test_only_checks_that_failed_are_told_with_their_step() -> None:
    failed = reading("checksum_error", "model", 1e-4, step=20)
    readings = [
        reading("checksum_error", "model", 1e-6, step=10),
        failed,
        reading("adjoint_error", "model", 1e-12, step=20),
        reading("spectral_radius", "layer:0", 1.1, step=30),
    ]

    assert failed_checks(readings, "float32") == {20: failed}
    assert set(failed_checks(readings, "float64")) == {10, 20}


def test_the_checksum_of_training_decides_only_where_there_is_no_exact_one() -> None:
    wrong = reading("exact_checksum_error", "model", 1e-5, step=30)
    older = reading("checksum_error", "model", 1e-4, step=20)
    readings = [
        reading("exact_checksum_error", "model", 1e-15, step=10),
        reading("checksum_error", "model", 1e-4, step=10),
        older,
        wrong,
        reading("checksum_error", "model", 1e-7, step=30),
    ]

    assert failed_checks(readings, "float32") == {20: older, 30: wrong}


@pytest.mark.parametrize("quantity", ["exact_checksum_error", "checksum_error", "adjoint_error"])
@pytest.mark.parametrize(("error", "words"), [(0.17, "0.17"), (NAN, "NaN")])
def test_a_latest_probe_that_fails_a_check_is_not_judged_by(
    quantity: str, error: float, words: str
) -> None:
    reason = _told_of_vanishing(950, quantity, error)

    assert reason
    assert reason.startswith(
        f"the lag profile of step 950 cannot be trusted: its {quantity} is {words}, and the limit "
    )


def test_earlier_probes_that_failed_are_passed_over() -> None:
    assert _told_of_vanishing(500, "checksum_error", 0.17) is None


def test_round_off_is_no_failure() -> None:
    assert _told_of_vanishing(950, "checksum_error", 1e-6) is None
