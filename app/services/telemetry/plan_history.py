"""Find out which series of a run a client asks for, and in which runs their readings are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self
from uuid import UUID

from sqlalchemy.orm import Session

from app.domain.quantities import LAG_PROFILE, PER_TENSOR, SCALARS
from app.domain.readings import Available, SeriesName, choose_series
from app.domain.runs import Run
from app.store.chunks import step_bounds
from app.store.database import UnitOfWork
from app.store.history import profile_scopes, scalar_scopes
from app.store.lineage import Member, lineage_of
from app.store.runs import find_run
from app.store.windows import NO_TENSOR, SeriesKey


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
class HistoryPart:
    """The steps of one run that belong to a history."""

    run: Run
    from_step: int | None
    to_step: int | None
    #: First and last recorded step among them; None without any.
    recorded: tuple[int, int] | None

    def between(self, first: int, last: int) -> Self:
        """Returns the part with only these recorded steps, both ends included."""
        return replace(self, from_step=first, to_step=last, recorded=(first, last))

    def key_of(self, name: SeriesName) -> SeriesKey | None:
        """Returns the series as the chunks hold it; None if it is not measured at every step.

        A parameter that this run does not have gives None, too.
        """
        tensors = self.run.tensor_names
        if name.tensor is not None and name.quantity in PER_TENSOR:
            column = f"tensor_{name.quantity}"
            known = name.tensor in tensors
            return SeriesKey(column=column, tensor=tensors.index(name.tensor)) if known else None
        is_scalar = name.quantity in SCALARS and name.tensor is None
        return SeriesKey(column=name.quantity, tensor=NO_TENSOR) if is_scalar else None


@dataclass(frozen=True, kw_only=True)
class HistoryPlan:
    """What is to be read for a history."""

    run: Run
    names: tuple[SeriesName, ...]
    #: The oldest ancestor first and the run itself last.
    parts: tuple[HistoryPart, ...]

    @property
    def num_steps(self) -> int:
        """Steps between the first and the last recorded one, in all parts together."""
        bounds = [part.recorded for part in self.parts if part.recorded is not None]
        return sum(last - first + 1 for first, last in bounds)


def is_of_every_step(name: SeriesName) -> bool:
    """Whether the quantity is measured at every step in this scope."""
    known = PER_TENSOR if name.tensor is not None else SCALARS
    return name.quantity in known


def plan_history(
    work: UnitOfWork, *, workspace_id: UUID, run_id: UUID, query: HistoryQuery
) -> HistoryPlan:
    """Raises NotFound, and InvalidInput that lists the available quantities or scopes."""
    session = work.session
    run = find_run(session, workspace_id, run_id)
    available = Available(
        tensor_names=run.tensor_names,
        scalar_scopes=_scalar_scopes(session, run_id) if _may_be_scalar(query) else {},
        metric=run.task.metric if run.task else None,
    )
    names = choose_series(available, quantities=query.quantities, scopes=query.scopes)
    members = lineage_of(session, run) if query.lineage else [Member(run=run, to_step=None)]
    return HistoryPlan(
        run=run,
        names=names,
        parts=tuple(_part(session, member, query) for member in members),
    )


def _part(session: Session, member: Member, query: HistoryQuery) -> HistoryPart:
    ends = [end for end in (query.to_step, member.to_step) if end is not None]
    to_step = min(ends, default=None)
    bounds = step_bounds(session, member.run.id)
    recorded = None
    if bounds is not None:
        first = bounds[0] if query.from_step is None else max(bounds[0], query.from_step)
        last = bounds[1] if to_step is None else min(bounds[1], to_step)
        recorded = (first, last) if first <= last else None
    return HistoryPart(
        run=member.run, from_step=query.from_step, to_step=to_step, recorded=recorded
    )


def _may_be_scalar(query: HistoryQuery) -> bool:
    """Whether the query may be for readings that are not made at every step."""
    return bool(query.scopes) or not set(query.quantities) <= set(SCALARS)


def _scalar_scopes(session: Session, run_id: UUID) -> Mapping[str, tuple[str, ...]]:
    of_profiles = profile_scopes(session, run_id)
    return {
        **(dict.fromkeys(LAG_PROFILE, of_profiles) if of_profiles else {}),
        **scalar_scopes(session, run_id),
    }
