"""References are stored once for each data set spec, and deleted with the upload."""

from uuid import UUID

from sqlalchemy.orm import Session

from app.domain.task import Reference
from app.store.datasets import delete_dataset, insert_dataset
from app.store.references import find_reference, save_reference
from tests.store.builders import content_of

LAGS = Reference(
    name="lags",
    source="penalty 1",
    metrics={"validation": {"mse": 0.25, "r2": None}, "test": {"mse": 1e-300}},
    nonlinear_score=0.5,
)


def test_what_was_stored_is_read(session: Session) -> None:
    save_reference(session, "key", LAGS, dataset_id=None)

    assert find_reference(session, "key") == LAGS
    assert find_reference(session, "another key") is None


def test_the_first_one_stays(session: Session) -> None:
    save_reference(session, "key", LAGS, dataset_id=None)

    save_reference(session, "key", LAGS.model_copy(update={"name": "reservoir"}), dataset_id=None)

    assert find_reference(session, "key") == LAGS


def test_it_is_deleted_with_its_upload(session: Session, workspace_id: UUID) -> None:
    upload = insert_dataset(
        session,
        workspace_id=workspace_id,
        name="mine",
        kind="text",
        content=content_of(b"text"),
        profile={},
    )
    save_reference(session, "key", LAGS, dataset_id=upload.id)

    delete_dataset(session, workspace_id, upload.id)

    assert find_reference(session, "key") is None
