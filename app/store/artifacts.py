"""Rows of the files that a run publishes at its end. The files are complete before the rows."""

from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import RowMapping, delete, insert, select
from sqlalchemy.orm import Session

from app.domain.artifacts import Artifact, ArtifactKind, Publication, PublishedFile
from app.domain.events import EventKind
from app.store.documents import storable
from app.store.fence import NewEvent, change_attempt
from app.store.tables import artifacts


def publish(session: Session, publication: Publication, *, run_id: UUID, attempt: int) -> None:
    """Replaces the files published by earlier attempts; a failed publication keeps them.

    Raises Fenced when the run no longer belongs to the attempt.
    """
    error = publication.error
    data: dict[str, JsonValue] = {
        "attempt": attempt,
        "names": [file.name for file in publication.files],
        "error": None if error is None else storable(error),
    }
    log = (NewEvent(kind=EventKind.ARTIFACTS, data=data),)
    change_attempt(session, run_id=run_id, attempt=attempt, values={}, log=log)
    rows = [_row_of(file, run_id=run_id, attempt=attempt) for file in publication.files]
    if rows:
        session.execute(delete(artifacts).where(artifacts.c.run_id == run_id))
        session.execute(insert(artifacts), rows)


def published_by(session: Session, run_id: UUID) -> list[Artifact]:
    """Returns the published files of a run, sorted by name."""
    statement = select(artifacts).where(artifacts.c.run_id == run_id).order_by(artifacts.c.name)
    return [_artifact_of(row) for row in session.execute(statement).mappings()]


def _row_of(file: PublishedFile, *, run_id: UUID, attempt: int) -> dict[str, object]:
    return {
        "run_id": run_id,
        "attempt": attempt,
        "name": file.name,
        "kind": file.kind.value,
        "stored_name": file.stored_name,
        "num_bytes": file.num_bytes,
        "sha256": file.sha256,
        "step": file.step,
    }


def _artifact_of(row: RowMapping) -> Artifact:
    names = ("name", "stored_name", "num_bytes", "sha256", "step")
    file = PublishedFile(kind=ArtifactKind(row["kind"]), **{name: row[name] for name in names})
    return Artifact(file=file, attempt=row["attempt"], created_at=row["created_at"])
