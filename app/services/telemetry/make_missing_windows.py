"""Make the windows of ended runs of an earlier release."""

from app.store.database import UnitOfWork
from app.store.missing_windows import MissingPart, read_missing_part, store_missing_part
from app.store.windows import WindowRow


def find_missing_windows(work: UnitOfWork) -> MissingPart | None:
    """Returns at most 2 ** 15 steps of a run that lacks windows; None if no run does."""
    return read_missing_part(work.session)


def store_missing_windows(work: UnitOfWork, part: MissingPart, rows: list[WindowRow]) -> bool:
    """Stores the part's windows; returns False, without a change, if the run has changed since."""
    return store_missing_part(work.session, part, rows)
