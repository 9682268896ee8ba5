"""The runs that a run was forked from, and how far each of them counts."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.domain.errors import NotFound
from app.domain.runs import Run
from app.store.runs import find_run

#: Forks of forks of forks; more than anybody makes by hand.
MAX_GENERATIONS = 100


@dataclass(frozen=True, kw_only=True)
class Member:
    run: Run
    #: Its last step that counts; None for the run itself, of which all do.
    to_step: int | None


def lineage_of(session: Session, run: Run) -> list[Member]:
    """The eldest first, the run itself last; a parent that was deleted ends the line."""
    line = [Member(run=run, to_step=None), *_ancestors(session, run)]
    return line[::-1]


def _ancestors(session: Session, run: Run) -> Iterator[Member]:
    """The parent first. A fork of a fork from before it began counts the nearer bound."""
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
