"""Window, horizon and split for the rows that there are.

Shapes: S series.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain.specs.dataset.base import SplitSpec

#: Window without a season, in timesteps.
DEFAULT_WINDOW = 48
#: Longest window: the time of a step grows with it.
MAX_WINDOW = 400
#: A series has at least so many times the window, so that most of it is targets.
MIN_WINDOWS = 5
#: Longest horizon: two days of hours, the longest of the M4 competition.
MAX_HORIZON = 48
#: The validation part has at least so many times the horizon.
MIN_HORIZONS = 3
#: Fewest rows of a series that can be cut into three parts with a window of 2 before a target.
MIN_ROWS = 5
#: Share of the rows that are in series with enough of them for the window.
COVERED_ROWS = 0.9
#: The usual shares, and those for what is too short or too even in the usual training part.
SPLITS = (
    SplitSpec(),
    SplitSpec(train=0.6, validation=0.2, test=0.2),
    SplitSpec(train=0.8, validation=0.1, test=0.1),
    SplitSpec(train=0.9, validation=0.05, test=0.05),
)


@dataclass(frozen=True, kw_only=True)
class Room:
    """How a series is cut."""

    window: int
    horizon: int
    split: SplitSpec


def typical_rows(sizes_S: NDArray[np.int64]) -> int:
    """Returns the most rows that series with at least 90 % of all rows have."""
    longest_first_S = np.sort(sizes_S)[::-1]
    covered_S = np.cumsum(longest_first_S) / longest_first_S.sum()
    return int(longest_first_S[int(np.argmax(covered_S >= COVERED_ROWS))])


def rooms(num_rows: int, season: int | None, *, reach: int) -> Iterator[Room]:
    """Yields ways to cut a series of so many rows, the best first.

    `reach` is the number of rows before the window that a transform takes.
    """
    window = DEFAULT_WINDOW if season is None else min(2 * season, MAX_WINDOW)
    window = max(2, min(window, num_rows // MIN_WINDOWS))
    for split in SPLITS:
        horizon = horizon_of(num_rows, season, split)
        for room in (
            Room(window=window, horizon=horizon, split=split),
            Room(window=2, horizon=1, split=split),
        ):
            if _fits(room, num_rows, reach=reach):
                yield room
                break


def horizon_of(num_rows: int, season: int | None, split: SplitSpec) -> int:
    """Returns one season where the validation part holds three and it is not long; otherwise 1."""
    _, validation, _ = split.parts(num_rows)
    most = min(MAX_HORIZON, (validation.end - validation.first) // MIN_HORIZONS)
    return 1 if season is None or season > most else season


def _fits(room: Room, num_rows: int, *, reach: int) -> bool:
    return all(
        max(part.first, reach + room.window) + room.horizon <= part.end
        for part in room.split.parts_asked_for(num_rows)
    )
