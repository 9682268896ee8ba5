"""Read excerpts of series that are too long to be read whole: by their windows."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.domain.readings import SeriesName
from app.domain.series import Series
from app.domain.windows.excerpt import (
    MAX_NON_FINITE,
    Excerpt,
    SeriesSummary,
    excerpt_of,
    excerpt_of_windows,
)
from app.domain.windows.window import IntArray, merge
from app.services.telemetry.plan_history import HistoryPlan
from app.store.summaries import read_non_finite, read_summaries

#: Series whose windows are in memory at the same time.
GROUP = 8
_Found = tuple[SeriesSummary, tuple[IntArray, NDArray[np.int8]]]


def read_long_series(
    session: Session, plan: HistoryPlan, names: Sequence[SeriesName], *, max_points: int
) -> tuple[Excerpt, ...]:
    """Returns one excerpt for each name. Each quantity is measured at every step."""
    groups = (names[start : start + GROUP] for start in range(0, len(names), GROUP))
    return tuple(
        excerpt
        for group in groups
        for excerpt in _read_group(session, plan, group, max_points=max_points)
    )


def _read_group(
    session: Session, plan: HistoryPlan, names: Sequence[SeriesName], *, max_points: int
) -> list[Excerpt]:
    found: dict[SeriesName, list[_Found]] = {name: [] for name in names}
    for part in plan.parts:
        keys = {name: key for name in names if (key := part.key_of(name)) is not None}
        if part.recorded is None or not keys:
            continue
        windowed_steps = part.run.windowed_steps
        summaries = read_summaries(
            session,
            part.run.id,
            list(dict.fromkeys(keys.values())),
            from_step=part.recorded[0],
            to_step=part.recorded[1],
            windowed_steps=windowed_steps,
        )
        for name, key in keys.items():
            if key in summaries:
                summary = summaries[key]
                bad = read_non_finite(
                    session,
                    part.run.id,
                    key,
                    summary,
                    windowed_steps=windowed_steps,
                    limit=MAX_NON_FINITE,
                )
                found[name].append((summary, bad))
    return [_excerpt(name, found[name], max_points=max_points) for name in names]


def _excerpt(name: SeriesName, found: Sequence[_Found], *, max_points: int) -> Excerpt:
    """Joins the summaries of a lineage, the oldest run first."""
    if not found:
        return excerpt_of(_empty(name), max_points=max_points)
    summaries = [summary for summary, _ in found]
    return excerpt_of_windows(
        SeriesSummary(
            window=merge([summary.window for summary in summaries]),
            outlines=np.concatenate([summary.outlines for summary in summaries]),
        ),
        quantity=name.quantity,
        scope=name.scope,
        unit=name.unit,
        max_points=max_points,
        non_finite=(
            np.concatenate([steps_k for _, (steps_k, _) in found])[:MAX_NON_FINITE],
            np.concatenate([kinds_k for _, (_, kinds_k) in found])[:MAX_NON_FINITE],
        ),
    )


def _empty(name: SeriesName) -> Series:
    return Series(
        quantity=name.quantity,
        scope=name.scope,
        unit=name.unit,
        steps_n=np.empty(0, dtype=np.int32),
        values_n=np.empty(0, dtype=np.float32),
        recorded_at_n=np.empty(0, dtype=np.int64),
    )
