"""Scores of reference models, stored once for each data set spec."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain.task import Reference
from app.store.documents import encode
from app.store.tables import dataset_references


def find_reference(session: Session, key: str) -> Reference | None:
    """Returns the reference of a data set spec; None if it has not been stored."""
    statement = select(dataset_references.c.content).where(dataset_references.c.key == key)
    content = session.execute(statement).scalar_one_or_none()
    return None if content is None else Reference.model_validate(content)


def save_reference(
    session: Session, key: str, reference: Reference, *, dataset_id: UUID | None
) -> None:
    """Stores a reference, which is deleted with its upload; one that is stored already stays."""
    values = {
        "key": key,
        "dataset_id": dataset_id,
        "content": encode(reference.model_dump(mode="json")),
    }
    session.execute(insert(dataset_references).values(values).on_conflict_do_nothing())
