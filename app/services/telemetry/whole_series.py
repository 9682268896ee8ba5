"""Read all readings of series: of a short range, or that are not measured at every step."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.domain.readings import SeriesName
from app.domain.series import Series
from app.services.telemetry.plan_history import HistoryPart, HistoryPlan, is_of_every_step
from app.store.history import (
    StoredColumn,
    StoredSeries,
    read_columns,
    read_profile_series,
    read_scalar_series,
)
from app.store.windows import NO_TENSOR


def read_whole_series(
    session: Session, plan: HistoryPlan, names: Sequence[SeriesName]
) -> tuple[Series, ...]:
    """Returns one series for each name; those of a lineage are joined, the oldest run first.

    The times of what is measured at every step are not read.
    """
    if not names:
        return ()
    parts = [read_series_of_part(session, part, names) for part in plan.parts]
    return tuple(_join(same) for same in zip(*parts, strict=True))


def read_series_of_part(
    session: Session, part: HistoryPart, names: Sequence[SeriesName], *, with_times: bool = False
) -> list[Series]:
    """Returns one series for each name, of one run."""
    keys = (part.key_of(name) for name in names)
    columns = read_columns(
        session,
        part.run.id,
        columns=sorted({key.column for key in keys if key is not None}),
        from_step=part.from_step,
        to_step=part.to_step,
        with_times=with_times,
    )
    scalars = _read_scalars(session, part, names)
    return [_series(name, part, columns, scalars) for name in names]


def _read_scalars(
    session: Session, part: HistoryPart, names: Iterable[SeriesName]
) -> tuple[StoredSeries, ...]:
    quantities = {name.quantity for name in names if not is_of_every_step(name)}
    if not quantities:
        return ()
    of_columns = read_scalar_series(
        session,
        part.run.id,
        quantities=quantities,
        from_step=part.from_step,
        to_step=part.to_step,
    )
    of_profiles = read_profile_series(
        session,
        part.run.id,
        quantities=quantities,
        from_step=part.from_step,
        to_step=part.to_step,
    )
    return (*of_columns, *of_profiles)


def _series(
    name: SeriesName,
    part: HistoryPart,
    columns: Mapping[str, StoredColumn],
    scalars: Sequence[StoredSeries],
) -> Series:
    key = part.key_of(name)
    if key is not None:
        stored = columns[key.column]
        is_of_tensor = key.tensor != NO_TENSOR and stored.steps_n.size
        values_n = stored.values[:, key.tensor] if is_of_tensor else stored.values
        return _named(name, stored.steps_n, values_n, stored.recorded_at_n)
    for found in scalars:
        if (found.quantity, found.scope) == (name.quantity, name.scope):
            return _named(name, found.steps_n, found.values_n, found.recorded_at_n)
    empty = np.empty(0)
    return _named(name, empty.astype(np.int32), empty, empty.astype(np.int64))


def _named(
    name: SeriesName,
    steps_n: NDArray[np.int32],
    values_n: NDArray[np.float32] | NDArray[np.float64],
    recorded_at_n: NDArray[np.int64],
) -> Series:
    return Series(
        quantity=name.quantity,
        scope=name.scope,
        unit=name.unit,
        steps_n=steps_n,
        values_n=values_n,
        recorded_at_n=recorded_at_n,
    )


def _join(same: Sequence[Series]) -> Series:
    filled = [series for series in same if series.steps_n.size] or same[-1:]
    if len(filled) == 1:
        return filled[0]
    return replace(
        same[-1],
        steps_n=np.concatenate([series.steps_n for series in filled]),
        values_n=np.concatenate([series.values_n for series in filled]),
        recorded_at_n=np.concatenate([series.recorded_at_n for series in filled]),
    )
