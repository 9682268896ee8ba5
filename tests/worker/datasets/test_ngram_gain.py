import math
import secrets

import numpy as np
import pytest
from numpy.typing import NDArray

from app.domain.telemetry import DoubleArray
from worker.datasets.ngram_gain import Codes, is_fitted, ngram_probabilities

SYMBOLS = 4


def seeded() -> np.random.Generator:
    seed = secrets.randbits(32)
    print(f"seed {seed}")  # noqa: T201 - pytest shows it where a test fails
    return np.random.default_rng(seed)


def echo(rng: np.random.Generator, *, delay: int, size: int = 20_000) -> NDArray[np.int32]:
    """Four times in five the character of `delay` before, else any."""
    codes = rng.integers(0, SYMBOLS, size).astype(np.int32)
    is_echo = rng.random(size) < 0.8
    for place in range(delay, size):
        if is_echo[place]:
            codes[place] = codes[place - delay]
    return codes


def losses_of(counted: Codes, held_out: Codes, num_symbols: int, *, longest: int) -> DoubleArray:
    """(C,) mean −ln P of the characters that no weight was fitted to."""
    found_CH = ngram_probabilities(counted, held_out, num_symbols, longest=longest, first=longest)
    position_H = np.arange(len(counted) + longest, len(counted) + len(held_out))
    losses_C: DoubleArray = -np.log(found_CH[:, ~is_fitted(position_H)]).mean(axis=1)
    return losses_C


def test_no_context_beats_the_entropy_and_the_right_one_reaches_it() -> None:
    """Probabilities that did not sum to one would."""
    codes = echo(seeded(), delay=3, size=60_000).astype(np.int64)
    likely, other = 0.8 + 0.2 / SYMBOLS, 0.2 / SYMBOLS
    entropy = -likely * math.log(likely) - (SYMBOLS - 1) * other * math.log(other)

    losses = losses_of(codes[:40_000], codes[40_000:], SYMBOLS, longest=12)

    np.testing.assert_allclose(losses[:3], math.log(SYMBOLS), atol=0.01)
    assert losses[3] == pytest.approx(entropy, abs=0.04)
    assert losses.min() > entropy - 0.04
    assert losses[12] == pytest.approx(losses[3], abs=0.01)


def test_a_character_that_was_never_counted_has_a_finite_price() -> None:
    counted = np.ones(2000, dtype=np.int64)
    held_out = np.zeros(600, dtype=np.int64)

    assert np.isfinite(losses_of(counted, held_out, 2, longest=5)).all()


@pytest.mark.parametrize("period", range(2, 13))
def test_weights_are_fitted_to_half_of_the_characters_of_each_period(period: int) -> None:
    is_fitted_N = is_fitted(np.arange(period * 2000))

    for phase in range(period):
        assert 0.4 < is_fitted_N[phase::period].mean() < 0.6
