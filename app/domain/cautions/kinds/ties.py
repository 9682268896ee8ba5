"""Do rows of one series have the same time?"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from app.domain.cautions.card import Found, Limit, TableCard
from app.domain.cautions.subject import Subject
from app.domain.cautions.words import counted, percent

CODE = "ties"
HOUR_S = 3600.0
#: Clocks are put back on a Sunday, at one hour after midnight or another before four.
LATEST_HOUR = 4
SUNDAY = 6

SEVERAL_SERIES = Limit(
    name="several_series",
    value=0.3,
    unit="1",
    meaning="share of tied rows from which the file probably holds several series",
)


def find(subject: Subject) -> Iterator[Found]:
    column, time_N = subject.time_column, subject.time_N
    if column is None or time_N is None:
        return
    is_tied_n = (time_N[1:] == time_N[:-1]) & ~subject.is_first[1:]
    (before,) = np.nonzero(is_tied_n)
    if not before.size:
        return
    share = before.size / subject.num_rows
    what = "of its series" if subject.has_series else "of the file"
    have = "has" if before.size == 1 else "have"
    detail = f"column {column.name!r}: {counted(before.size, 'row')} ({percent(share)}) {have} the "
    detail += f"same time as another row {what}. "
    if share >= SEVERAL_SERIES.value and not subject.has_series:
        detail += (
            "The file probably holds several series: set dataset.series_column to the column that "
            "tells them apart"
        )
    elif subject.has_dates and _is_end_of_summer_time(time_N[before]):
        detail += (
            "It is where clocks are put back, so that an hour occurs twice: upload the file with "
            "its time_zone, for instance Europe/Berlin, or set dataset.equal_times"
        )
    else:
        detail += "Remove all but one, or set dataset.equal_times"
    detail += ". A forecast refuses equal times unless dataset.equal_times is keep_first or mean."
    rows_n = np.sort(subject.rows_N[before + 1])
    yield Found(column=column.name, detail=detail, rows_n=rows_n)


def _is_end_of_summer_time(time_n: NDArray[np.float64]) -> bool:
    """Whether all these local times lie within an hour of a night to Sunday, at most two a year."""
    moment_n = time_n.astype("datetime64[s]")
    day_n = moment_n.astype("datetime64[D]").astype(np.int64)
    # 1970 began on a Thursday
    is_sunday = bool(((day_n + 3) % 7 == SUNDAY).all())
    is_early = bool((time_n % (24 * HOUR_S) < LATEST_HOUR * HOUR_S).all())
    days = np.unique(day_n)
    years = np.unique(moment_n.astype("datetime64[Y]"))
    spans_s = [np.ptp(time_n[day_n == day]) for day in days[: 2 * len(years)]]
    return is_sunday and is_early and len(days) <= 2 * len(years) and max(spans_s) < HOUR_S


CARD = TableCard(
    code=CODE,
    summary="Rows of one series have the same time.",
    advice=(
        "The option `time_zone` of the upload, `dataset.series_column`, or `dataset.equal_times`."
    ),
    limits=(SEVERAL_SERIES,),
    find=find,
)
