"""Chooses some of the steps at which a run was probed, without reading the others."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Select, case, cast, func, select
from sqlalchemy.orm import Session

from app.domain.probe_selection import ProbeSelection
from app.store.step_ranges import steps_between
from app.store.tables import position_readings, probe_readings, scalar_readings

#: Lags or timesteps of one curve that an answer has at most.
MAX_COLUMNS = 2000
#: Numbers of curves in one answer.
MAX_NUMBERS = 100_000


@dataclass(frozen=True, kw_only=True)
class ProbeSteps:
    """The steps of the chosen probes, ascending."""

    steps: list[int]
    #: Whether no probe of the range was left out.
    is_all: bool


def choose_probe_steps(session: Session, run_id: UUID, selection: ProbeSelection) -> ProbeSteps:
    """Chooses among the steps at which lag profiles were measured.

    Fewer probes than `max_probes` are chosen if all their curves would have more than
    `MAX_NUMBERS` numbers.
    """
    table = probe_readings
    between = steps_between(table.c.step, selection.from_step, selection.to_step)
    measured = select(table.c.step).where(table.c.run_id == run_id, *between)
    chosen = _spread(session, measured, selection)
    if not chosen.steps:
        return chosen
    numbers = _numbers_of(session, run_id, chosen.steps[-1], selection.scopes)
    most = max(2, MAX_NUMBERS // max(1, numbers))
    if len(chosen.steps) <= most:
        return chosen
    places = ProbeSelection(max_probes=most).positions(len(chosen.steps))
    return ProbeSteps(steps=[chosen.steps[place] for place in places], is_all=False)


def choose_scalar_steps(
    session: Session, run_id: UUID, selection: ProbeSelection, *, quantities: Collection[str]
) -> ProbeSteps:
    """Chooses among the steps at which one of these quantities was measured in a selected scope."""
    table = scalar_readings
    measured = select(table.c.step).where(
        table.c.run_id == run_id,
        table.c.quantity.in_(quantities),
        *steps_between(table.c.step, selection.from_step, selection.to_step),
    )
    if selection.scopes:
        measured = measured.where(table.c.scope.in_(selection.scopes))
    return _spread(session, measured, selection)


def _spread(
    session: Session, measured: Select[tuple[int]], selection: ProbeSelection
) -> ProbeSteps:
    steps = measured.distinct().subquery()
    count = session.execute(select(func.count()).select_from(steps)).scalar_one()
    place = (func.row_number().over(order_by=steps.c.step) - 1).label("place")
    placed = select(steps.c.step, place).subquery()
    query = select(placed.c.step).order_by(placed.c.step)
    if count > selection.max_probes:
        query = query.where(placed.c.place.in_(selection.positions(count)))
    chosen = list(session.execute(query).scalars())
    return ProbeSteps(steps=chosen, is_all=count <= selection.max_probes)


def _numbers_of(session: Session, run_id: UUID, step: int, scopes: Collection[str]) -> int:
    """Returns how many numbers the curves of one probe have."""
    lags, positions = probe_readings, position_readings
    of_lags = (
        2
        + _is_there(lags.c.log_norm_hidden)
        + _is_there(lags.c.log_norm_cell)
        + _is_there(lags.c.log_norm_scaled)
        + _is_there(lags.c.log_norm_median)
    )
    of_positions = 3 + _is_there(positions.c.log_cell)
    total = 0
    for table, curve, curves in (
        (lags, lags.c.log_norm, of_lags),
        (positions, positions.c.log_hidden, of_positions),
    ):
        columns = func.least(func.cardinality(curve), MAX_COLUMNS)
        query = select(func.coalesce(func.sum(columns * curves), 0)).where(
            table.c.run_id == run_id, table.c.step == step
        )
        if scopes:
            query = query.where(table.c.scope.in_(scopes))
        total += int(session.execute(query).scalar_one())
    return total


def _is_there(column: ColumnElement[object]) -> ColumnElement[int]:
    return cast(case((column.is_(None), 0), else_=1), Integer)
