import secrets
import time
from collections import Counter, defaultdict

import numpy as np
import pytest
from numpy.typing import NDArray

from app.domain.task import LagSource
from worker.datasets.ngram_gain import mix
from worker.datasets.required_lag import drawn_means, estimated
from worker.datasets.skip_gain import Skips, helpful_lags
from worker.datasets.text_lag import TextContext, estimate_text_lag

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


def with_repeats(rng: np.random.Generator, *, num_records: int, gap: int) -> NDArray[np.int32]:
    """A symbol, noise, and the symbol again so many places later, in records of one length."""
    noise_RN = rng.integers(0, 8, (num_records, gap + 1)).astype(np.int32)
    noise_RN[:, gap] = noise_RN[:, 0]
    return noise_RN.ravel()


def test_a_symbol_that_is_repeated_after_noise_is_found_across_the_noise() -> None:
    codes = with_repeats(seeded(), num_records=4000, gap=11)

    lag = estimate_text_lag(codes[:33_000], codes[33_000:], 8, length=64)

    # the first of eleven places before the character that is to be told is at lag 10
    assert lag.timesteps == 10
    assert lag.interval is not None
    assert lag.interval[0] <= 10 <= lag.interval[1]
    assert "skip" in lag.method


@pytest.mark.parametrize("delay", [11, 20, 40])
def test_an_echo_beyond_every_n_gram_is_found_and_its_own_echo_is_not(delay: int) -> None:
    codes = echo(seeded(), delay=delay)

    lag = estimate_text_lag(codes[:14_000], codes[14_000:], SYMBOLS, length=64)

    assert (lag.min, lag.median, lag.timesteps) == (delay - 1,) * 3


def test_a_character_that_only_a_pair_tells_is_found() -> None:
    """The sum of the last one and the one eleven places before; neither tells anything alone."""
    rng = seeded()
    codes = rng.integers(0, SYMBOLS, 12_000).astype(np.int32)
    for place in range(11, len(codes)):
        if rng.random() < 0.9:
            codes[place] = (codes[place - 1] + codes[place - 11]) % SYMBOLS

    assert estimate_text_lag(codes[:9000], codes[9000:], SYMBOLS, length=32).timesteps == 10


def test_a_text_in_which_the_last_character_tells_all_needs_no_other() -> None:
    rng = seeded()
    steps_VV = rng.dirichlet(np.full(SYMBOLS, 0.3), size=SYMBOLS).cumsum(axis=1)
    codes = np.zeros(12_000, dtype=np.int32)
    for place in range(1, len(codes)):
        codes[place] = np.searchsorted(steps_VV[codes[place - 1]], rng.random())
    codes = codes.clip(max=SYMBOLS - 1)

    lag = estimate_text_lag(codes[:8000], codes[8000:], SYMBOLS, length=64)

    assert lag.timesteps in {None, 0, 1}


@pytest.mark.parametrize("num_symbols", [3, 7])
def test_what_a_skip_adds_is_what_counting_pairs_by_hand_gives(num_symbols: int) -> None:
    rng = seeded()
    counted, held_out = (
        rng.integers(0, num_symbols, size).astype(np.int64) for size in (3000, 900)
    )
    skips = Skips.of(counted, held_out, num_symbols, first=20)
    before_H = np.full(880, 1 / num_symbols)

    found_H = skips.added(before_H, 7)

    text = [*counted.tolist(), *held_out.tolist()]
    expected_H = before_H
    for context_of in (
        lambda place: text[place - 7],
        lambda place: (text[place - 7], text[place - 1]),
    ):
        counts: dict[object, Counter[int]] = defaultdict(Counter)
        for place in range(20, 3000):
            counts[context_of(place)][text[place]] += 1
        wanted = [(counts[context_of(place)], text[place]) for place in range(3020, 3900)]
        totals = [counter.total() for counter, _ in wanted]
        assert min(totals) > 0
        share_H = np.array([counter[symbol] / counter.total() for counter, symbol in wanted])
        is_alone = [max(counter.values()) == counter.total() for counter, _ in wanted]
        kind_H = np.array([2 * min(10, total.bit_length() - 1) for total in totals]) + is_alone
        expected_H = mix(expected_H, share_H, kind_H, is_fitted_N=skips.is_fitted_H)
    np.testing.assert_allclose(found_H, expected_H, rtol=1e-12)


def test_of_lags_that_tell_the_same_the_shortest_is_taken() -> None:
    """In a text with a period of 13 each multiple of it tells what the period tells."""
    period = seeded().integers(0, 8, 13)
    codes = np.tile(period, 900).astype(np.int64)
    rng = seeded()
    is_noise_N = rng.random(len(codes)) < 0.3
    codes[is_noise_N] = rng.integers(0, 8, int(is_noise_N.sum()))
    skips = Skips.of(codes[:8000], codes[8000:], 8, first=64)

    lags = helpful_lags(skips, np.full(len(skips.held_out_H), 1 / 8), farthest=64)

    assert lags[0] <= 13


def test_rare_symbols_share_a_class_where_there_are_many() -> None:
    codes = seeded().integers(0, 3000, 5000).astype(np.int64)

    skips = Skips.of(codes[:4000], codes[4000:], 3000, first=64)

    assert skips.num_classes < 20
    assert skips.classes.max() == skips.num_classes - 1


def test_characters_before_the_sequences_gain_where_they_tell_more() -> None:
    codes = echo(seeded(), delay=11)
    context = TextContext.of(codes[:14_000], codes[14_000:], SYMBOLS)
    assert context is not None

    beyond, within = context.longer_context(length=8), context.longer_context(length=16)

    assert beyond is not None
    assert within is not None
    assert (beyond.shown, beyond.enough, beyond.tried) == (8, 11, 64)
    assert beyond.gain > 0.5
    assert within.gain < 0.02
    assert context.longer_context(length=64) is None


def test_draws_of_blocks_have_the_mean_and_the_spread_of_independent_targets() -> None:
    values_CN = seeded().normal(3, 2, size=(2, 6400))

    drawn_RC = drawn_means(values_CN)

    np.testing.assert_allclose(drawn_RC.mean(axis=0), values_CN.mean(axis=1), atol=0.01)
    np.testing.assert_allclose(drawn_RC.std(axis=0), 2 / np.sqrt(6400), rtol=0.5)


def test_an_interval_holds_the_lags_between_which_draws_cannot_decide() -> None:
    loss_C = np.array([1.0, 0.5, 0.3, 0.295, 0.2])
    drawn_RC = np.array([loss_C, loss_C - np.array([0, 0, 0.1, 0, 0])] * 50)

    lag = estimated(loss_C, by="a model", is_cut_short=False, drawn_RC=drawn_RC)

    assert lag.timesteps == 3
    assert lag.interval == (1, 3)
