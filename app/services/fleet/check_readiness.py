"""Check whether database, broker and a worker answer, and the artifact folder takes files."""

from dataclasses import dataclass

from sqlalchemy import Engine

from app.artifacts import FolderWatch
from app.domain.errors import ArtifactsUnavailable, Unavailable
from app.queue import RunQueue
from app.store.database import unit_of_work
from app.store.workers import list_workers


@dataclass(frozen=True, kw_only=True)
class Readiness:
    """Which of the parts that the service needs are available."""

    has_database: bool
    has_broker: bool
    num_workers: int
    #: What is wrong with the artifact folder; None when files can be written.
    artifacts_error: str | None = None

    @property
    def missing(self) -> dict[str, str]:
        """Returns part -> what is wrong with it, for each part that is not available."""
        parts = (
            ("database", self.has_database, "the database does not answer"),
            ("broker", self.has_broker, "the broker does not answer"),
            ("workers", self.num_workers > 0, "no worker is alive"),
            ("artifacts", self.artifacts_error is None, self.artifacts_error or ""),
        )
        return {part: message for part, is_available, message in parts if not is_available}


def check_readiness(engine: Engine, queue: RunQueue, artifacts: FolderWatch) -> Readiness:
    """Asks each part once; a part that does not answer raises no error."""
    num_workers = _count_workers(engine)
    return Readiness(
        has_database=num_workers is not None,
        has_broker=queue.is_reachable(),
        num_workers=num_workers or 0,
        artifacts_error=_error_of(artifacts),
    )


def _error_of(artifacts: FolderWatch) -> str | None:
    """Returns what is wrong with the folder, as part of a sentence; None when it takes files."""
    try:
        artifacts.free_bytes()
    except ArtifactsUnavailable as error:
        return error.detail.replace("The", "the", 1).removesuffix(".")
    return None


def _count_workers(engine: Engine) -> int | None:
    """Returns the number of living workers, or None when the database does not answer."""
    try:
        with unit_of_work(engine) as work:
            return len(list_workers(work.session))
    except Unavailable:
        return None
