"""Runs in any order, page by page, and runs within bounds of a score."""

from collections.abc import Sequence
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.store.run_lists import (
    MetricBound,
    Relation,
    RunFilters,
    ordered_page_of_runs,
    page_of_runs,
)
from app.store.run_order import RunOrder
from app.store.tables import runs
from tests.store.builders import queued_run

#: Scores on validation; None: not finite.
SCORES: Sequence[float | None] = (0.3, 0.1, None, 0.2, 0.1)


@pytest.fixture
def scored(session: Session, workspace_id: UUID) -> list[UUID]:
    """Runs with these scores, and one that was never evaluated."""
    made = [queued_run(session, workspace_id).id for _ in (*SCORES, None)]
    for run_id, score in zip(made, SCORES, strict=False):
        values = {"metrics": {"validation": {"mse": score}}}
        session.execute(update(runs).where(runs.c.id == run_id).values(**values))
    return made


def _all_pages(session: Session, workspace_id: UUID, order: RunOrder) -> list[UUID]:
    after, seen = None, []
    while page := ordered_page_of_runs(
        session, workspace_id, filters=RunFilters(), order=order, limit=2, after=after
    ):
        seen += [run.id for run, _ in page]
        after = page[-1][1]
    return seen


def test_the_least_score_comes_first_and_runs_without_one_last(
    session: Session, workspace_id: UUID, scored: list[UUID]
) -> None:
    ordered = _all_pages(session, workspace_id, RunOrder.parse("metric:validation.mse"))

    # among equals the newest first
    assert ordered == [scored[i] for i in (4, 1, 3, 0, 5, 2)]


def test_a_minus_puts_the_greatest_first_and_runs_without_one_still_last(
    session: Session, workspace_id: UUID, scored: list[UUID]
) -> None:
    ordered = _all_pages(session, workspace_id, RunOrder.parse("-metric:validation.mse"))

    assert ordered == [scored[i] for i in (0, 3, 4, 1, 5, 2)]


@pytest.mark.parametrize("key", ["created_at", "ended_at", "duration", "progress"])
@pytest.mark.parametrize("sign", ["", "-"])
def test_pages_in_any_order_hold_every_run_once(
    session: Session, workspace_id: UUID, scored: list[UUID], key: str, sign: str
) -> None:
    ordered = _all_pages(session, workspace_id, RunOrder.parse(sign + key))

    assert sorted(ordered) == sorted(scored)


@pytest.mark.parametrize(
    ("relation", "bound", "wanted"),
    [("lt", 0.2, {1, 4}), ("lte", 0.2, {1, 3, 4}), ("gt", 0.2, {0}), ("gte", 0.2, {0, 3})],
)
def test_a_bound_chooses_runs_by_their_score(
    session: Session,
    workspace_id: UUID,
    scored: list[UUID],
    relation: Relation,
    bound: float,
    wanted: set[int],
) -> None:
    metric = MetricBound(split="validation", metric="mse", relation=relation, bound=bound)

    found = page_of_runs(
        session, workspace_id, filters=RunFilters(metrics=(metric,)), limit=10, after=None
    )

    assert {run.id for run in found} == {scored[i] for i in wanted}
