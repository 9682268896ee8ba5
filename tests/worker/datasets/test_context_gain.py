import secrets

import numpy as np
import pytest

from app.domain.task import LagSource, RequiredLag
from app.domain.telemetry import DoubleArray
from worker.datasets.context_gain import estimate_lag

WINDOW = 24
Part = tuple[DoubleArray, DoubleArray]


def cut(series_N: DoubleArray) -> tuple[Part, Part]:
    """Windows of the first 70 % and of the rest."""
    starts = np.arange(WINDOW, len(series_N))
    inputs_TWF = series_N[np.arange(-WINDOW, 0)[:, None] + starts][:, :, None]
    targets_WH = series_N[starts][:, None]
    split = int(0.7 * len(starts))
    return (inputs_TWF[:, :split], targets_WH[:split]), (inputs_TWF[:, split:], targets_WH[split:])


def estimated(series_N: DoubleArray) -> RequiredLag:
    return estimate_lag(*cut(series_N))


def test_a_random_walk_needs_only_its_last_value() -> None:
    noise_N = np.random.default_rng(secrets.randbits(32)).normal(size=3000)

    lag = estimated(np.cumsum(noise_N) / 50)

    assert lag.timesteps == 0
    assert lag.source is LagSource.ESTIMATED


@pytest.mark.parametrize("delay", [4, 12])
def test_a_delayed_copy_needs_its_delay(delay: int) -> None:
    noise_N = np.random.default_rng(secrets.randbits(32)).normal(size=3000)
    series_N = noise_N.copy()
    for place in range(delay, len(series_N)):
        series_N[place] += 0.8 * series_N[place - delay]

    lag = estimated(series_N)

    assert lag.timesteps == delay - 1


def test_with_few_windows_nothing_is_claimed() -> None:
    lag = estimated(np.arange(60.0))

    assert (lag.timesteps, lag.source) == (None, LagSource.UNKNOWN)
