"""Do later parts of a series lie outside of what the training part has?

A random walk and a trend leave their past range as well. How far is told by the changes over a
tenth and a hundredth of the training part and over all of it, carried on to the length of the later
parts.
Shapes: n rows of a series.
"""

import math
from collections.abc import Iterator

import numpy as np

from app.domain.cautions.card import CALIBRATED, Found, Limit, TableCard
from app.domain.cautions.subject import Subject, find_column
from app.domain.cautions.words import number
from app.domain.telemetry import DoubleArray

CODE = "ranges_differ"
#: Fewest rows of each part of a series that is examined.
MIN_ROWS = 10
#: Parts of series that are examined, the longest series first; bounds the time.
MAX_EXAMINED = 2000
MAX_SERIES = 20
#: Percentiles of the later parts that have to lie outside.
LOW, HIGH = 10, 90

MIN_EXCESS = Limit(
    name="min_excess",
    value=0.25,
    unit="1",
    meaning=(
        "how far a tenth of a later part lies outside of the training part, in ranges of the latter"
    ),
    source=CALIBRATED,
)
MIN_RATIO = Limit(
    name="min_ratio",
    value=4,
    unit="1",
    meaning="the same over the change that is usual for that many rows",
    source=CALIBRATED,
)
MIN_SPREAD = Limit(
    name="min_spread",
    value=4,
    unit="1",
    meaning=(
        "ratio of the changes from row to row in a later part and in the training part, both for "
        "their mean and for their median"
    ),
    source=CALIBRATED,
)


def find(subject: Subject) -> Iterator[Found]:
    if subject.roles.train_share is None:
        return
    target = find_column(subject.table, subject.roles.target)
    columns = [] if target is None else [target]
    if subject.roles.features is not None:
        columns += subject.features()
    columns = [column for column in columns if column.type.is_numeric]
    sizes_S = subject.ends - subject.starts_S
    most = max(1, min(MAX_SERIES, MAX_EXAMINED // max(1, len(columns))))
    for column in columns[:MAX_EXAMINED]:
        ordered_N = column.values()[subject.rows_N]
        found = []
        for place in np.argsort(-sizes_S, kind="stable")[:most]:
            first, end = int(subject.starts_S[place]), int(subject.ends[place])
            reason = _difference(subject, ordered_N[first:end])
            if reason is not None:
                found.append((int(place), first + reason[0], reason[1]))
        if found:
            yield _found(subject, column.name, found)


def _found(subject: Subject, name: str, found: list[tuple[int, int, str]]) -> Found:
    place, first, reason = found[0]
    of = f" of series {subject.labels[place]!r}" if subject.has_series else ""
    detail = f"column {name!r}: {reason[0].lower()}{reason[1:]}{of}"
    if len(found) > 1:
        detail += f", and likewise in {len(found) - 1} more series"
    detail += (
        ". Training cannot show the model such values. Set dataset.transform to difference or "
        "log1p where the level moves, choose another dataset.split, or train on the recent past."
    )
    return Found(column=name, detail=detail, rows_n=subject.rows_N[first : first + 1])


def _difference(subject: Subject, values_n: DoubleArray) -> tuple[int, str] | None:
    """Returns the first row of the part that differs, and how; None if both parts are alike."""
    share = subject.roles.train_share or 1.0
    ends = (
        round(values_n.size * share),
        round(values_n.size * (share + subject.roles.validation_share)),
        values_n.size,
    )
    train_n = values_n[: ends[0]]
    train_n = train_n[np.isfinite(train_n)]
    if train_n.size < 2 * MIN_ROWS or np.ptp(train_n) == 0:
        return None
    for name, first, end in (("validation", *ends[:2]), ("test", *ends[1:])):
        part_n = values_n[first:end]
        part_n = part_n[np.isfinite(part_n)]
        if part_n.size < MIN_ROWS:
            continue
        reason = _moved(train_n, part_n, ahead=end - ends[0]) or _spread(train_n, part_n)
        if reason is not None:
            return first, f"the {name} part {reason}"
    return None


def _moved(train_n: DoubleArray, part_n: DoubleArray, *, ahead: int) -> str | None:
    least, most = float(train_n.min()), float(train_n.max())
    low, high = (float(each) for each in np.percentile(part_n, (LOW, HIGH)))
    excess = max(least - low, high - most)
    if excess < MIN_EXCESS.value * (most - least):
        return None
    if excess < MIN_RATIO.value * _usual_change(train_n, ahead=ahead):
        return None
    share = float(((part_n < least) | (part_n > most)).mean())
    return (
        f"lies outside of the training part's range, {number(least)} to {number(most)}, in "
        f"{100 * share:.0f} % of its rows: its middle 80 % lie between {number(low)} and "
        f"{number(high)}"
    )


def _usual_change(train_n: DoubleArray, *, ahead: int) -> float:
    """Returns the root mean square change over so many rows, carried on by a power law.

    At least the training part's mean change goes on.
    """
    long = max(2, train_n.size // 10)
    short = max(1, train_n.size // 100)
    changes = [
        math.sqrt(float(np.square(train_n[lag:] - train_n[:-lag]).mean())) for lag in (short, long)
    ]
    if not all(0 < each < math.inf for each in changes):
        return 0.0
    power = math.log(changes[1] / changes[0]) / math.log(long / short)
    tenth = max(1, train_n.size // 10)
    drift = abs(float(train_n[-tenth:].mean() - train_n[:tenth].mean()))
    drift *= ahead / (train_n.size - tenth)
    growth: float = max(1.0, ahead / long) ** min(1.0, max(0.0, power))
    return max(changes[1] * growth, drift)


def _spread(train_n: DoubleArray, part_n: DoubleArray) -> str | None:
    changes = [np.abs(np.diff(each)) for each in (train_n, part_n)]
    usual, later = (float(np.median(each)) for each in changes)
    usual_mean, later_mean = (float(each.mean()) for each in changes)
    if usual <= 0 or later <= 0:
        return None
    ratio = later / usual
    # both agree, since the median jumps where about half of the changes are 0
    nearer = min(ratio, later_mean / usual_mean, key=lambda each: abs(math.log(each)))
    if 1 / MIN_SPREAD.value < nearer < MIN_SPREAD.value:
        return None
    return (
        f"moves by {number(later)} from row to row in the median, {ratio:.3g} times as much as the "
        f"training part with {number(usual)}"
    )


CARD = TableCard(
    code=CODE,
    summary="Validation or test lie outside of the training part's range, or move otherwise.",
    advice="`dataset.transform`, `dataset.split`, or another time.",
    limits=(MIN_EXCESS, MIN_RATIO, MIN_SPREAD),
    find=find,
)
