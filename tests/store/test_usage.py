"""A workspace's usage is what its own runs and data sets take up, and nobody else's."""

from uuid import UUID

from sqlalchemy.orm import Session

from app.domain.artifacts import ArtifactKind, Publication, PublishedFile
from app.domain.quotas import Usage
from app.store.artifacts import publish
from app.store.checkpoints import record_checkpoint
from app.store.datasets import insert_dataset
from app.store.preflights import insert_preflight
from app.store.telemetry import append_batch
from app.store.usage import database_bytes, stored_bytes, usage_of
from app.store.workspaces import insert_workspace
from tests.domain.builders import job
from tests.store.builders import a_batch, claimed_run, content_of, queued_run

EMPTY = Usage(queued_runs=0, running_runs=0, rows=0, storage_bytes=0)


def test_runs_files_readings_and_uploads_count_once_each(
    session: Session, workspace_id: UUID
) -> None:
    run = claimed_run(session, workspace_id)
    queued_run(session, workspace_id)
    insert_preflight(session, workspace_id=workspace_id, spec=job(), num_steps=3)
    append_batch(session, run_id=run.id, attempt=run.attempt, seq=0, batch=a_batch())
    others = insert_workspace(session, name="others")
    measured = usage_of(session, workspace_id)

    of_files = [_checkpoint(session, run.id, step) for step in (4, 8)]
    of_files += [_published(session, run.id, num_bytes=1000)]
    of_upload = _uploaded(session, workspace_id, content=b"seven b")
    usage = usage_of(session, workspace_id)

    assert (measured.queued_runs, measured.running_runs) == (2, 1)
    assert measured.preflights == 1
    assert measured.storage_bytes > 0
    assert usage.storage_bytes == measured.storage_bytes + sum(of_files) + of_upload
    assert usage_of(session, others.id) == EMPTY


def _checkpoint(session: Session, run_id: UUID, step: int) -> int:
    record_checkpoint(
        session, run_id=run_id, attempt=1, step=step, name=f"{step}", num_bytes=10 * step, sha256=""
    )
    return 10 * step


def _published(session: Session, run_id: UUID, *, num_bytes: int) -> int:
    file = PublishedFile(
        name="model.safetensors",
        kind=ArtifactKind.MODEL,
        stored_name="published-0001-model.safetensors",
        num_bytes=num_bytes,
        sha256="",
        step=8,
    )
    publish(session, Publication(files=(file,), error=None), run_id=run_id, attempt=1)
    return num_bytes


def _uploaded(session: Session, workspace_id: UUID, *, content: bytes) -> int:
    insert_dataset(
        session,
        workspace_id=workspace_id,
        name="a",
        kind="text",
        content=content_of(content),
        profile={},
    )
    return len(content)


def test_what_is_stored_is_told_by_kind(session: Session, workspace_id: UUID) -> None:
    run = claimed_run(session, workspace_id)
    append_batch(session, run_id=run.id, attempt=run.attempt, seq=0, batch=a_batch())
    of_checkpoints = _checkpoint(session, run.id, 4) + _checkpoint(session, run.id, 8)
    of_file = _published(session, run.id, num_bytes=1000)
    of_upload = _uploaded(session, workspace_id, content=b"seven b")
    others = insert_workspace(session, name="others")

    found = stored_bytes(session, workspace_id)

    assert (found.checkpoints, found.artifacts, found.uploads, found.predictions) == (
        of_checkpoints,
        of_file,
        of_upload,
        0,
    )
    assert found.telemetry > 0
    assert found.total == usage_of(session, workspace_id).storage_bytes
    assert stored_bytes(session, others.id).total == 0


def test_the_database_takes_room(session: Session) -> None:
    assert database_bytes(session) > 1_000_000
