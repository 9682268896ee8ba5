"""Finds the ancestors of a forked run, and the last step of each that belongs to its history."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.domain.errors import NotFound
from app.domain.runs import Run
from app.store.runs import find_run

#: Upper bound on the ancestors that are followed.
MAX_GENERATIONS = 100


@dataclass(frozen=True, kw_only=True)
class Member:
    """A run in a lineage."""

    run: Run
    #: The last step that belongs to the history; None for the newest run, all of whose steps do.
    to_step: int | None


def lineage_of(session: Session, run: Run) -> list[Member]:
    """Returns the oldest ancestor first and the run itself last.

    A deleted parent ends the lineage.
    """
    line = [Member(run=run, to_step=None), *_ancestors(session, run)]
    return line[::-1]


def ancestors_of(session: Session, run: Run) -> list[Run]:
    """Returns the runs that led to a run, the parent first, whether or not it took their weights.

    A deleted run ends them.
    """
    found: list[Run] = []
    child = run
    while child.parent_run_id is not None and len(found) < MAX_GENERATIONS:
        try:
            child = find_run(session, run.workspace_id, child.parent_run_id)
        except NotFound:
            break
        found.append(child)
    return found


def _ancestors(session: Session, run: Run) -> Iterator[Member]:
    """Yields the ancestors, the parent first.

    A fork may start at a step at which its parent itself had not yet been forked; then the smaller
    step bounds the grandparent.
    """
    child, bound = run, run.parent_step
    for _ in range(MAX_GENERATIONS):
        if child.parent_run_id is None or child.parent_step is None:
            return
        try:
            parent = find_run(session, run.workspace_id, child.parent_run_id)
        except NotFound:
            return
        bound = child.parent_step if bound is None else min(bound, child.parent_step)
        yield Member(run=parent, to_step=bound - 1)
        child = parent
