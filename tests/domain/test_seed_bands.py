"""The band of runs that differ in their seed alone."""

import math
from collections.abc import Sequence

import numpy as np
import pytest

from app.domain.seed_bands import SeedBand, SeedCurve, band_of

NAN, INF = math.nan, math.inf


def curve(values: Sequence[float], steps: Sequence[int] | None = None) -> SeedCurve:
    return SeedCurve(
        steps_n=np.array(range(len(values)) if steps is None else steps, dtype=np.int64),
        values_n=np.array(values, dtype=np.float64),
    )


def rows(band: SeedBand) -> list[tuple[int, float, float, float, int]]:
    """Step, lowest, median, highest and number of seeds, by step; -1 for none."""
    columns = (band.low_b, band.median_b, band.high_b)
    numbers = [np.nan_to_num(one, nan=-1).tolist() for one in columns]
    return list(zip(band.steps_b.tolist(), *numbers, band.num_seeds_b.tolist(), strict=True))


def test_each_step_has_the_lowest_the_median_and_the_highest_seed() -> None:
    band = band_of([curve([1, 5]), curve([2, 9]), curve([7, 6])], max_buckets=10)

    assert rows(band) == [(0, 1, 2, 7, 3), (1, 5, 6, 9, 3)]


def test_a_spike_of_one_seed_at_one_step_is_in_the_band_of_many_steps() -> None:
    calm, wild = np.ones(1000), np.ones(1000)
    wild[617], wild[3] = 1e6, -1e6

    band = band_of([curve(calm.tolist()), curve(wild.tolist())], max_buckets=10)

    assert band.steps_b.tolist() == [*range(99, 1000, 100)]
    assert (band.high_b[6], band.low_b[0]) == (1e6, -1e6)
    assert band.high_b.tolist().count(1) == 9
    assert band.median_b.tolist() == [1] * 10


def test_the_median_is_of_the_last_point_of_each_seed_in_a_bucket() -> None:
    band = band_of([curve([1, 2, 3, 4]), curve([10, 20, 30, 40])], max_buckets=2)

    assert rows(band) == [(1, 1, 11, 20, 2), (3, 3, 22, 40, 2)]


def test_the_last_bucket_may_be_shorter() -> None:
    band = band_of([curve([1, 2, 3, 4, 5])], max_buckets=2)

    assert rows(band) == [(2, 1, 3, 3, 1), (4, 4, 5, 5, 1)]


def test_a_seed_counts_with_its_last_point_between_its_points_alone() -> None:
    band = band_of([curve([1, 2, 3, 4]), curve([10, 30], [1, 3])], max_buckets=10)

    assert rows(band) == [(0, 1, 1, 1, 1), (1, 2, 6, 10, 2), (2, 3, 6.5, 10, 2), (3, 4, 17, 30, 2)]


def test_a_seed_that_ended_early_no_longer_counts() -> None:
    band = band_of([curve([1, 1, 1]), curve([9])], max_buckets=10)

    assert rows(band)[1:] == [(1, 1, 1, 1, 1), (2, 1, 1, 1, 1)]


@pytest.mark.parametrize("bad", [NAN, INF, -INF])
def test_what_is_not_finite_is_left_out(bad: float) -> None:
    band = band_of([curve([1, bad, 3]), curve([2, bad, bad])], max_buckets=10)

    assert rows(band) == [(0, 1, 1.5, 2, 2), (1, -1, -1, -1, 0), (2, 3, 3, 3, 1)]


def test_a_finite_point_before_one_that_is_not_stays_in_the_band() -> None:
    band = band_of([curve([1, 50, INF, 2]), curve([3, 3, 3, 3])], max_buckets=1)

    assert rows(band) == [(3, 1, 2.5, 50, 2)]


def test_every_finite_point_of_every_seed_lies_in_the_band() -> None:
    random = np.random.default_rng(7)
    curves = [
        curve(random.normal(size=300).tolist(), np.sort(random.permutation(900)[:300]).tolist())
        for _ in range(4)
    ]

    band = band_of(curves, max_buckets=40)

    assert band.steps_b.size <= 40
    for one in curves:
        places = np.searchsorted(band.steps_b, one.steps_n)
        assert (one.values_n >= band.low_b[places]).all()
        assert (one.values_n <= band.high_b[places]).all()
    assert band.high_b.max() == max(one.values_n.max() for one in curves)
    assert band.low_b.min() == min(one.values_n.min() for one in curves)
