"""Readings as lines of CSV, a page at a time.

Legend: p readings of a page.
"""

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine

from app.services.telemetry.export_history import export_pages
from app.services.telemetry.plan_history import HistoryPlan
from app.store.database import unit_of_work

#: Lines of CSV that are formatted at once.
CSV_LINES = 4096
CSV_HEADER = "step,recorded_at,quantity,scope,value\n"


def export_lines(engine: Engine, plan: HistoryPlan) -> Iterator[str]:
    """Every reading. Each page is read in its own transaction, so that a slow client holds none."""
    yield CSV_HEADER
    for page in export_pages(plan):
        with unit_of_work(engine) as work:
            series = page.read(work)
        for start in range(0, series.steps_n.size, CSV_LINES):
            place = slice(start, start + CSV_LINES)
            yield csv_block(
                series.quantity,
                series.scope,
                series.steps_n[place],
                moments(series.recorded_at_n[place]),
                series.values_n[place],
            )


def csv_block(
    quantity: str,
    scope: str,
    steps_p: NDArray[np.int32],
    times_p: Iterable[str],
    values_p: NDArray[np.floating],
) -> str:
    end = f",{quantity},{scope},"
    rows = zip(steps_p.tolist(), times_p, map(str, values_p), strict=True)
    return "".join(f"{step},{moment}{end}{value}\n" for step, moment, value in rows)


def moments(recorded_at_p: NDArray[np.int64]) -> Iterator[str]:
    """RFC 3339 of microseconds since 1970 UTC."""
    return (f"{moment}Z" for moment in np.datetime_as_string(recorded_at_p.astype("M8[us]")))
