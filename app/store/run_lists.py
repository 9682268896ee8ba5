"""Lists the runs of a workspace: which, in which order, and from where on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import ColumnElement, select, tuple_
from sqlalchemy.orm import Session

from app.domain.runs import Run
from app.store.run_order import RunOrder, RunPlace, metric_of
from app.store.run_rows import run_of
from app.store.tables import runs

Relation = Literal["lt", "lte", "gt", "gte"]


@dataclass(frozen=True, kw_only=True)
class MetricBound:
    """A bound of a run's latest score on a split."""

    split: str
    metric: str
    relation: Relation
    bound: float

    def condition(self) -> ColumnElement[bool]:
        score = metric_of(self.split, self.metric)
        match self.relation:
            case "lt":
                return score < self.bound
            case "lte":
                return score <= self.bound
            case "gt":
                return score > self.bound
            case "gte":
                return score >= self.bound


@dataclass(frozen=True, kw_only=True)
class RunFilters:
    """Selects runs. A run matches a filter by any of its values; an empty filter is ignored."""

    statuses: Sequence[str] = ()
    verdicts: Sequence[str] = ()
    stop_reasons: Sequence[str] = ()
    findings: Sequence[str] = ()
    #: A run must have all of them.
    tags: Sequence[str] = ()
    models: Sequence[str] = ()
    datasets: Sequence[str] = ()
    dataset_id: UUID | None = None
    parent_id: UUID | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    ended_after: datetime | None = None
    #: Part of the name or of the notes; upper and lower case are the same.
    words: str | None = None
    #: Bounds of scores; a run without the score matches none.
    metrics: Sequence[MetricBound] = ()


def page_of_runs(
    session: Session,
    workspace_id: UUID,
    *,
    filters: RunFilters,
    limit: int,
    after: tuple[datetime, UUID] | None,
) -> list[Run]:
    """Returns a page, newest first; `after` is (created_at, id) of the previous page's last run."""
    owned = (runs.c.workspace_id == workspace_id, runs.c.preflight_steps.is_(None))
    statement = select(runs).where(*owned, *_conditions(filters))
    if after is not None:
        statement = statement.where(tuple_(runs.c.created_at, runs.c.id) < after)
    newest = (runs.c.created_at.desc(), runs.c.id.desc())
    rows = session.execute(statement.order_by(*newest).limit(limit)).mappings()
    return [run_of(row) for row in rows]


def ordered_page_of_runs(
    session: Session,
    workspace_id: UUID,
    *,
    filters: RunFilters,
    order: RunOrder,
    limit: int,
    after: RunPlace | None,
) -> list[tuple[Run, RunPlace]]:
    """Returns a page in any order, each run with its place.

    `after` is the place of the last run of the page before. Unlike `page_of_runs` it sorts all runs
    that match, since no index has them in this order.
    """
    owned = (runs.c.workspace_id == workspace_id, runs.c.preflight_steps.is_(None))
    value = order.value.label("sorted_by")
    statement = select(runs, value).where(*owned, *_conditions(filters))
    if after is not None:
        statement = statement.where(order.after(after))
    rows = session.execute(statement.order_by(*order.columns()).limit(limit)).mappings()
    return [(run_of(row), RunPlace(value=row["sorted_by"], run_id=row["id"])) for row in rows]


def _conditions(filters: RunFilters) -> list[ColumnElement[bool]]:
    any_of = (
        (runs.c.status, filters.statuses),
        (runs.c.verdict, filters.verdicts),
        (runs.c.stop_reason, filters.stop_reasons),
        (runs.c.model_kind, filters.models),
        (runs.c.dataset_kind, filters.datasets),
    )
    found: list[ColumnElement[bool]] = [column.in_(values) for column, values in any_of if values]
    if filters.findings:
        found.append(runs.c.finding_codes.overlap(list(filters.findings)))
    if filters.tags:
        found.append(runs.c.tags.contains(list(filters.tags)))
    equals = ((runs.c.dataset_id, filters.dataset_id), (runs.c.parent_run_id, filters.parent_id))
    found += [column == value for column, value in equals if value is not None]
    later = (
        (runs.c.created_at, filters.created_after),
        (runs.c.ended_at, filters.ended_after),
    )
    found += [column > value for column, value in later if value is not None]
    if filters.created_before is not None:
        found.append(runs.c.created_at < filters.created_before)
    found += [bound.condition() for bound in filters.metrics]
    if filters.words:
        found.append(_mentions(filters.words))
    return found


def _mentions(words: str) -> ColumnElement[bool]:
    return runs.c.name.icontains(words, autoescape=True) | runs.c.notes.icontains(
        words, autoescape=True
    )
