import numpy as np
import pytest

from app.domain.telemetry import DoubleArray
from worker.replay.lag_curve import summarise
from worker.replay.tail import classify, entry_lags, fit_tail, spaced_lags

LAGS = np.arange(201, dtype=np.float64)


def shape_of(log_ratio_L: DoubleArray) -> str:
    lags_K = spaced_lags(entry_lags(200), 200)
    return classify(lags_K, log_ratio_L[lags_K])[0]


@pytest.mark.parametrize(
    ("log_ratio_L", "shape"),
    [
        (-0.1 * LAGS, "exponential"),
        (-0.001 * LAGS, "exponential"),
        (0.05 * LAGS, "exponential"),
        (-1.5 * np.log1p(LAGS), "power_law"),
        (np.zeros(201), "plateau"),
        (0.2 * np.sin(LAGS), "plateau"),
        (np.log(1 + (LAGS / 40) ** 4), "rising"),
    ],
)
def test_a_shape_is_told_by_its_curve(log_ratio_L: DoubleArray, shape: str) -> None:
    assert shape_of(log_ratio_L) == shape


def test_noise_does_not_bend_a_straight_line() -> None:
    noise_L = 0.3 * np.random.default_rng().standard_normal(201)

    tail = fit_tail(-0.1 * LAGS + noise_L, None, last_lag=200)

    assert tail.shape == "exponential"
    assert tail.decay_rate == pytest.approx(-0.1, abs=0.005)
    assert tail.fit_lags == (10, 200)
    assert tail.decay_rate_interval is None


def test_a_profile_is_fitted_up_to_its_first_exact_zero() -> None:
    truncated_L = np.where(LAGS < 30, -0.2 * LAGS, -np.inf)

    tail = fit_tail(truncated_L, None, last_lag=200)

    assert tail.fit_lags == (10, 29)
    assert tail.decay_rate == pytest.approx(-0.2)
    assert fit_tail(truncated_L[:8], None, last_lag=3).shape == "undetermined"


def test_a_ratio_compares_the_same_anchors_on_both_sides() -> None:
    """A long sequence that decays slowly beside short ones that start higher."""
    log_norm_NL = np.full((20, 60), np.nan)
    log_norm_NL[:10] = -0.05 * np.arange(60)
    log_norm_NL[10:, :20] = 5 - 0.05 * np.arange(20)
    sequence_N = np.arange(20, dtype=np.int32)

    curve = summarise(log_norm_NL, sequence_N, np.random.default_rng(0))

    np.testing.assert_allclose(curve.log_ratio_L, -0.05 * np.arange(60), atol=1e-12)
    assert curve.log_norm_L[19] - curve.log_norm_L[20] > 4
    assert curve.num_anchors_L[19] == 20
    assert curve.num_anchors_L[20] == 10


def test_an_interval_of_sequences_that_disagree_is_wide() -> None:
    rates_N1 = np.random.default_rng().uniform(0.05, 0.4, (64, 1))
    log_norm_NL = -rates_N1 * np.arange(80)
    sequence_N = np.arange(64, dtype=np.int32)

    curve = summarise(log_norm_NL, sequence_N, np.random.default_rng(0))
    ratio = curve.ratio_at(60)

    assert ratio is not None
    assert ratio.interval[0] < ratio.value < ratio.interval[1]
    assert ratio.interval[1] / ratio.interval[0] > 1.3
    assert curve.ratio_at(80) is None


def test_a_single_sequence_says_nothing_about_others() -> None:
    log_norm_NL = -0.1 * np.arange(40, dtype=np.float64)[None]

    curve = summarise(log_norm_NL, np.zeros(1, dtype=np.int32), np.random.default_rng(0))
    ratio = curve.ratio_at(30)

    assert ratio is not None
    assert ratio.interval == (0.0, float("inf"))
    assert curve.horizon(0.01).interval == (0.0, 39.0)
