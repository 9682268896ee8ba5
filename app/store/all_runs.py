"""Runs and preflights of all workspaces, for operators."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from app.domain.errors import NotFound
from app.domain.runs import Run
from app.store.run_rows import run_of
from app.store.tables import runs

#: An ordinary run, or the trial of a job spec for a few steps.
RunKind = Literal["run", "preflight"]


@dataclass(frozen=True, kw_only=True)
class AllRunsFilters:
    """Selects runs; an empty filter is ignored."""

    statuses: Sequence[str] = ()
    workspace_id: UUID | None = None
    worker_id: UUID | None = None
    kind: RunKind | None = None


def page_of_all_runs(
    session: Session, *, filters: AllRunsFilters, limit: int, after: UUID | None
) -> list[Run]:
    """Returns a page, newest first by id; `after` is the id of the previous page's last run."""
    statement = select(runs).where(*_conditions(filters))
    if after is not None:
        statement = statement.where(runs.c.id < after)
    # ids rise with time, and their index serves all workspaces
    rows = session.execute(statement.order_by(runs.c.id.desc()).limit(limit)).mappings()
    return [run_of(row) for row in rows]


def lock_any_run(session: Session, run_id: UUID) -> Run:
    """Returns a run or preflight of any workspace, locked until the end of the transaction.

    Raises NotFound.
    """
    statement = select(runs).where(runs.c.id == run_id).with_for_update(key_share=True)
    row = session.execute(statement).mappings().one_or_none()
    if row is None:
        raise NotFound
    return run_of(row)


def _conditions(filters: AllRunsFilters) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if filters.statuses:
        found.append(runs.c.status.in_(filters.statuses))
    if filters.workspace_id is not None:
        found.append(runs.c.workspace_id == filters.workspace_id)
    if filters.worker_id is not None:
        found.append(runs.c.worker_id == filters.worker_id)
    if filters.kind is not None:
        is_run = runs.c.preflight_steps.is_(None)
        found.append(is_run if filters.kind == "run" else ~is_run)
    return found
