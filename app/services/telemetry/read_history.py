"""Read a run's readings as series: any quantity in any scope, over a range of steps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.domain.quantities import LAG_PROFILE, PER_TENSOR, SCALARS
from app.domain.readings import Available, SeriesName, choose_series
from app.domain.runs import Run
from app.domain.series import Series
from app.store.database import UnitOfWork
from app.store.history import (
    StoredColumn,
    StoredSeries,
    profile_scopes,
    read_columns,
    read_profile_series,
    read_scalar_series,
    scalar_scopes,
)
from app.store.lineage import Member, lineage_of
from app.store.runs import find_run

ELAPSED = "elapsed_s"


@dataclass(frozen=True, kw_only=True)
class HistoryQuery:
    """Selects series; both ends of the range of steps are included.

    Without scopes, each quantity is read in its default scopes.
    """

    quantities: Sequence[str]
    scopes: Sequence[str] = ()
    from_step: int | None = None
    to_step: int | None = None
    #: Includes the ancestors of a fork, each up to the step at which it was forked.
    lineage: bool = False


@dataclass(frozen=True, kw_only=True)
class History:
    """Complete series, and the seconds of training at each step as a second axis."""

    run: Run
    series: tuple[Series, ...]
    #: (n,) steps, and below their seconds; readings at other steps are interpolated.
    elapsed_steps_n: NDArray[np.int32]
    elapsed_n: NDArray[np.float32]


def read_history(
    work: UnitOfWork, *, workspace_id: UUID, run_id: UUID, query: HistoryQuery
) -> History:
    """Raises NotFound, and InvalidInput that lists the available quantities or scopes."""
    session = work.session
    run = find_run(session, workspace_id, run_id)
    available = Available(
        tensor_names=run.tensor_names,
        scalar_scopes=_scalar_scopes(session, run_id),
        metric=run.task.metric if run.task else None,
    )
    names = choose_series(available, quantities=query.quantities, scopes=query.scopes)
    members = lineage_of(session, run) if query.lineage else [Member(run=run, to_step=None)]
    parts = [_read_part(session, member, names=names, query=query) for member in members]
    return join(run, parts)


def _read_part(
    session: Session, member: Member, *, names: Sequence[SeriesName], query: HistoryQuery
) -> History:
    run, bounds = member.run, [query.to_step, member.to_step]
    bounded = replace(query, to_step=min((b for b in bounds if b is not None), default=None))
    columns = read_columns(
        session,
        run.id,
        columns=sorted({ELAPSED, *filter(None, map(_column_of, names))}),
        from_step=bounded.from_step,
        to_step=bounded.to_step,
    )
    scalars = _read_scalars(session, run.id, names=names, query=bounded)
    return History(
        run=run,
        series=tuple(_series(name, run=run, columns=columns, scalars=scalars) for name in names),
        elapsed_steps_n=columns[ELAPSED].steps_n,
        elapsed_n=columns[ELAPSED].values,
    )


def join(run: Run, parts: Sequence[History]) -> History:
    """Joins the histories of a lineage, the oldest first.

    The seconds of training of each part are added to those of the parts before it.
    """
    elapsed: list[NDArray[np.float32]] = []
    for part in parts:
        before = elapsed[-1][-1] if elapsed and elapsed[-1].size else np.float32(0)
        elapsed.append(part.elapsed_n + before)
    return History(
        run=run,
        series=tuple(
            replace(
                same[-1],
                steps_n=np.concatenate([series.steps_n for series in same]),
                values_n=np.concatenate([series.values_n for series in same]),
                recorded_at_n=np.concatenate([series.recorded_at_n for series in same]),
            )
            for same in zip(*(part.series for part in parts), strict=True)
        ),
        elapsed_steps_n=np.concatenate([part.elapsed_steps_n for part in parts]),
        elapsed_n=np.concatenate(elapsed),
    )


def _scalar_scopes(session: Session, run_id: UUID) -> Mapping[str, tuple[str, ...]]:
    of_profiles = profile_scopes(session, run_id)
    return {
        **(dict.fromkeys(LAG_PROFILE, of_profiles) if of_profiles else {}),
        **scalar_scopes(session, run_id),
    }


def _read_scalars(
    session: Session, run_id: UUID, *, names: Sequence[SeriesName], query: HistoryQuery
) -> tuple[StoredSeries, ...]:
    quantities = {name.quantity for name in names if _column_of(name) is None}
    steps = {"from_step": query.from_step, "to_step": query.to_step}
    return (
        *read_scalar_series(session, run_id, quantities=quantities, **steps),
        *read_profile_series(session, run_id, quantities=quantities, **steps),
    )


def _column_of(name: SeriesName) -> str | None:
    """Returns the column of the chunks, or None for a series that is not measured at every step."""
    if name.tensor is not None and name.quantity in PER_TENSOR:
        return f"tensor_{name.quantity}"
    return name.quantity if name.quantity in SCALARS and name.tensor is None else None


def _series(
    name: SeriesName,
    *,
    run: Run,
    columns: Mapping[str, StoredColumn],
    scalars: Sequence[StoredSeries],
) -> Series:
    column = _column_of(name)
    if column is not None:
        stored = columns[column]
        values_n = _of_tensor(stored, name, run) if name.tensor is not None else stored.values
        return _named(name, stored.steps_n, values_n, stored.recorded_at_n)
    for found in scalars:
        if (found.quantity, found.scope) == (name.quantity, name.scope):
            return _named(name, found.steps_n, found.values_n, found.recorded_at_n)
    empty = np.empty(0)
    return _named(name, empty.astype(np.int32), empty, empty.astype(np.int64))


def _of_tensor(stored: StoredColumn, name: SeriesName, run: Run) -> NDArray[np.float32]:
    if not stored.steps_n.size or name.tensor not in run.tensor_names:
        return np.empty(stored.steps_n.size, dtype=np.float32)
    return stored.values[:, run.tensor_names.index(name.tensor)]


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
