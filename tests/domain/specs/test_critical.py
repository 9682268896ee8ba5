"""The critical gain against published figures and its own definition."""

import math

import pytest

from app.domain.specs.init.critical import Critical, critical_gain, log_chi


@pytest.mark.parametrize(
    ("gain", "drive", "exponent"),
    [
        (0.9, 0.1, -0.2637),
        (1.5, 0.1, 0.0262),
        (1.5, 1.0, -0.1418),
        (2.0, 1.0, 0.0460),
        (3.0, 0.1, 0.3057),
        (1.5, 0.0, 0.0652),
        (2.0, 0.0, 0.1547),
        (3.0, 0.0, 0.3103),
    ],
)
def test_half_of_log_chi_is_the_exponent_of_mean_field_theory(
    gain: float, drive: float, exponent: float
) -> None:
    assert log_chi(gain, drive) / 2 == pytest.approx(exponent, abs=1e-4)


@pytest.mark.parametrize(
    ("gain", "drive", "log_of_chi"),
    [
        (0.9, 1e-4, -0.21176761807887),
        (0.9, 1e-3, -0.22069381704384),
        (0.5, 1e-6, -1.38629702777530),
    ],
)
def test_chi_is_exact_for_a_small_drive(gain: float, drive: float, log_of_chi: float) -> None:
    """By Gauss-Hermite quadrature of 150 nodes, and a fixed point to the last bit."""
    assert log_chi(gain, drive) == pytest.approx(log_of_chi, abs=1e-11)


@pytest.mark.parametrize("drive", [1e-4, 0.1, 1.0, 30.0, 1e6])
def test_at_the_critical_gain_chi_is_one(drive: float) -> None:
    gain = Critical(kind="critical").gain(nonlinearity="tanh", drive=drive)

    assert log_chi(gain, drive) == pytest.approx(0, abs=1e-6)
    assert gain > 1


def test_no_gain_is_larger_than_ten_thousand() -> None:
    assert critical_gain("tanh", 1e18) == pytest.approx(1e4, rel=1e-9)


def test_input_makes_the_critical_gain_larger() -> None:
    gains = [critical_gain("tanh", drive) for drive in (0.01, 0.1, 1.0, 10.0)]

    assert gains == sorted(gains)
    assert critical_gain("relu", 5.0) == math.sqrt(2)
    assert critical_gain("linear", 5.0) == 1


def test_without_any_gain_no_gradient_is_left() -> None:
    assert log_chi(0.0, 1.0) == -math.inf
