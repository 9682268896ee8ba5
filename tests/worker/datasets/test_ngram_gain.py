import math
import secrets
import time

import numpy as np
import pytest
from numpy.typing import NDArray

from app.domain.task import LagSource
from worker.datasets.ngram_gain import estimate_text_lag, ngram_losses

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


@pytest.mark.parametrize("delay", [1, 3, 6])
def test_an_echo_needs_its_delay(delay: int) -> None:
    codes = echo(seeded(), delay=delay)

    lag = estimate_text_lag(codes[:14_000], codes[14_000:], SYMBOLS, length=64)

    assert (lag.min, lag.median, lag.timesteps) == (delay - 1,) * 3
    assert lag.source is LagSource.ESTIMATED
    assert "back-off n-gram" in lag.method


def test_characters_at_random_need_nothing() -> None:
    codes = seeded().integers(0, SYMBOLS, 20_000).astype(np.int32)

    lag = estimate_text_lag(codes[:14_000], codes[14_000:], SYMBOLS, length=64)

    assert (lag.timesteps, lag.source) == (None, LagSource.UNKNOWN)


def test_no_context_beats_the_entropy_and_the_right_one_reaches_it() -> None:
    """Probabilities that did not sum to one would."""
    codes = echo(seeded(), delay=3, size=60_000).astype(np.int64)
    likely, other = 0.8 + 0.2 / SYMBOLS, 0.2 / SYMBOLS
    entropy = -likely * math.log(likely) - (SYMBOLS - 1) * other * math.log(other)

    losses = ngram_losses(codes[:40_000], codes[40_000:], SYMBOLS, longest=12)

    np.testing.assert_allclose(losses[:3], math.log(SYMBOLS), atol=0.01)
    assert losses[3] == pytest.approx(entropy, abs=0.04)
    assert losses.min() > entropy - 0.04
    assert losses[12] == pytest.approx(losses[3], abs=0.01)


def test_a_character_that_was_never_counted_has_a_finite_price() -> None:
    counted = np.ones(2000, dtype=np.int64)
    held_out = np.zeros(600, dtype=np.int64)

    assert np.isfinite(ngram_losses(counted, held_out, 2, longest=5)).all()


def test_a_context_is_no_longer_than_the_sequences() -> None:
    codes = echo(seeded(), delay=6)

    lag = estimate_text_lag(codes[:14_000], codes[14_000:], SYMBOLS, length=4)

    assert lag.timesteps is None or lag.timesteps < 4


def test_of_few_characters_nothing_is_claimed() -> None:
    codes = echo(seeded(), delay=1, size=1100)

    lag = estimate_text_lag(codes[:900], codes[900:], SYMBOLS, length=16)

    assert lag.timesteps is None


def test_a_megabyte_takes_a_moment() -> None:
    rng = seeded()
    words = rng.integers(1, 60, (2000, 5))
    codes = words[rng.zipf(1.3, 200_000) % 2000].ravel().astype(np.int32)
    started = time.process_time()

    lag = estimate_text_lag(codes[:700_000], codes[700_000:], 60, length=128)

    assert time.process_time() - started < 3
    assert lag.timesteps is not None


def test_the_same_text_has_the_same_lag() -> None:
    codes = echo(seeded(), delay=2, size=8000)

    first, again = (
        estimate_text_lag(codes[:6000], codes[6000:], SYMBOLS, length=32) for _ in range(2)
    )

    assert first == again
