"""A diagnosis of a long run reads the windows that matter, and some of all others."""

import numpy as np

from app.domain.windows.overview import OUTLINE, Outlines
from app.domain.windows.selection import NUM_BAD, choose_windows, step_ranges

NUM_WINDOWS = 10_000


def outlines(size: int = NUM_WINDOWS, *, greatest: float = 1.0, median: float = 1.0) -> Outlines:
    found = np.zeros(size, dtype=OUTLINE)
    found["first_step"] = np.arange(size) * 1024
    found["last_step"] = found["first_step"] + 1023
    found["greatest"], found["median"], found["count"] = greatest, median, 1024
    return found


def chosen(
    loss: Outlines | None = None,
    grad_norm: Outlines | None = None,
    non_finite_count: Outlines | None = None,
) -> list[int]:
    found = choose_windows(
        outlines() if loss is None else loss,
        outlines() if grad_norm is None else grad_norm,
        outlines(greatest=0.0) if non_finite_count is None else non_finite_count,
    )
    return [int(place) for place in found]


def test_the_start_the_end_and_spread_windows_are_read() -> None:
    found = chosen()

    assert found[0] == 0
    assert found[-4:] == [9996, 9997, 9998, 9999]
    assert np.diff(found).max() <= NUM_WINDOWS // 60
    assert len(found) < 64 + 4 + 2 * 32 + 2


def test_all_windows_of_a_run_with_few_are_read() -> None:
    few = [outlines(3), outlines(3), outlines(3)]

    assert chosen(*few) == [0, 1, 2]


def test_the_largest_gradient_and_the_largest_rise_are_read_with_the_window_before() -> None:
    norms = outlines()
    norms["greatest"][4321] = 1e9
    norms["greatest"][7001], norms["median"][7000] = 5.0, 1e-6

    found = chosen(grad_norm=norms)

    assert {4320, 4321, 7000, 7001} <= set(found)


def test_without_a_finite_loss_nothing_is_the_largest() -> None:
    nothing = outlines(greatest=np.nan, median=np.nan)
    nothing["num_non_finite"] = 1024

    assert chosen(loss=nothing)[0] == 0


def test_windows_with_steps_that_are_not_finite_are_read() -> None:
    counts, losses = outlines(greatest=0.0), outlines()
    counts["greatest"][1234] = 3
    losses["num_non_finite"][5000:5200] = 1

    found = set(chosen(loss=losses, non_finite_count=counts))

    assert {1233, 1234, 4999} <= found
    assert set(range(5000, 5000 + NUM_BAD // 2 - 1)) <= found
    assert set(range(5200 - NUM_BAD // 2, 5200)) <= found


def test_neighbours_are_read_at_once() -> None:
    ranges = list(step_ranges(outlines(), np.array([0, 1, 5, 7, 8])))

    assert ranges == [(0, 2047), (5120, 6143), (7168, 9215)]
