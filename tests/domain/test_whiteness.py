"""White residuals pass the test, others fail it."""

import numpy as np
import pytest

from app.domain.whiteness import are_white


def test_one_in_a_hundred_white_series_fails() -> None:
    noise = np.random.default_rng(0).normal(size=(1000, 512))

    num_failed = sum(are_white(row_n) is False for row_n in noise)

    assert 3 <= num_failed <= 25


@pytest.mark.parametrize("weight", [0.4, -0.4])
def test_a_dependence_on_the_last_residual_is_seen(weight: float) -> None:
    noise_n = np.random.default_rng(1).normal(size=400)

    assert are_white(noise_n[1:] + weight * noise_n[:-1]) is False


def test_the_limit_is_the_99th_percentile_of_chi_squared() -> None:
    # chi² with 10 degrees of freedom has its 99th percentile at 23.209
    rng = np.random.default_rng(2)
    series = [rng.normal(size=100) + 0.3 * np.sin(np.arange(100) * shift) for shift in range(40)]

    def statistic(values_n: np.ndarray) -> float:
        centred_n = values_n - values_n.mean()
        shares = [
            (centred_n[lag:] * centred_n[:-lag]).sum() / (centred_n**2).sum()
            for lag in range(1, 11)
        ]
        return float(100 * 102 * sum(r**2 / (100 - lag) for lag, r in enumerate(shares, start=1)))

    for values_n in series:
        if abs(statistic(values_n) - 23.209) > 0.1:
            assert are_white(values_n) is bool(statistic(values_n) < 23.209)


def test_residuals_that_are_not_known_are_left_out() -> None:
    noise_n = np.random.default_rng(3).normal(size=400)
    noise_n[::7] = np.nan

    assert are_white(noise_n) is True
    assert are_white(np.cumsum(np.nan_to_num(noise_n))) is False


@pytest.mark.parametrize("residuals_n", [np.zeros(400), np.arange(20.0), np.full(400, np.nan)])
def test_few_or_equal_residuals_say_nothing(residuals_n: np.ndarray) -> None:
    with np.errstate(invalid="ignore"):
        assert are_white(residuals_n) is None
