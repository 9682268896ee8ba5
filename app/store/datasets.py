"""Uploaded data sets: their description, and their bytes in parts that every worker can read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import RowMapping, delete, insert, select, tuple_
from sqlalchemy.orm import Session

from app.domain.errors import InUse, NotFound
from app.store.documents import decode, encode
from app.store.ids import new_id
from app.store.tables import dataset_parts, datasets, runs

PART_BYTES = 2**20


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """An upload, without its bytes."""

    id: UUID
    workspace_id: UUID
    name: str
    #: `csv` or `text`.
    kind: str
    num_bytes: int
    sha256: bytes
    #: Statistics of the upload, such as its columns or its characters; the keys depend on the kind.
    profile: Mapping[str, JsonValue]
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class Content:
    """The bytes of an upload, in a file that can be read from its start again and again."""

    file: BinaryIO
    num_bytes: int
    sha256: bytes

    def parts(self) -> Iterator[bytes]:
        """Yields the bytes in parts of PART_BYTES."""
        return parts_of(self.file)


def parts_of(file: BinaryIO) -> Iterator[bytes]:
    """Yields the bytes of a file from its start, in parts of PART_BYTES."""
    file.seek(0)
    while part := file.read(PART_BYTES):
        yield part


def insert_dataset(
    session: Session,
    *,
    workspace_id: UUID,
    name: str,
    kind: str,
    content: Content,
    profile: Mapping[str, JsonValue],
    stored: BinaryIO | None = None,
) -> Dataset:
    """Stores the content, or `stored` where workers read it in another form."""
    values = {
        "id": new_id(),
        "workspace_id": workspace_id,
        "name": name,
        "kind": kind,
        "num_bytes": content.num_bytes,
        "sha256": content.sha256,
        "profile": encode(profile),
    }
    statement = insert(datasets).values(values).returning(*datasets.c)
    dataset = _dataset_of(session.execute(statement).mappings().one())
    for position, part in enumerate(content.parts() if stored is None else parts_of(stored)):
        row = {"dataset_id": dataset.id, "position": position, "content": part}
        session.execute(insert(dataset_parts), row)
    return dataset


def find_dataset(session: Session, workspace_id: UUID, dataset_id: UUID) -> Dataset:
    statement = select(datasets).where(
        datasets.c.id == dataset_id, datasets.c.workspace_id == workspace_id
    )
    row = session.execute(statement).mappings().one_or_none()
    if row is None:
        raise NotFound
    return _dataset_of(row)


def page_of_datasets(
    session: Session, workspace_id: UUID, *, limit: int, after: tuple[datetime, UUID] | None
) -> list[Dataset]:
    """Returns a page, newest first; `after` is (created_at, id) of the previous page's last row."""
    statement = select(datasets).where(datasets.c.workspace_id == workspace_id)
    if after is not None:
        statement = statement.where(tuple_(datasets.c.created_at, datasets.c.id) < after)
    newest = (datasets.c.created_at.desc(), datasets.c.id.desc())
    rows = session.execute(statement.order_by(*newest).limit(limit)).mappings()
    return [_dataset_of(row) for row in rows]


def stream_content(session: Session, workspace_id: UUID, dataset_id: UUID) -> Iterator[bytes]:
    """Yields the upload's bytes, one part at a time. Raises NotFound."""
    find_dataset(session, workspace_id, dataset_id)
    table = dataset_parts
    position = 0
    while True:
        statement = select(table.c.content).where(
            table.c.dataset_id == dataset_id, table.c.position == position
        )
        part = session.execute(statement).scalar_one_or_none()
        if part is None:
            return
        yield part
        position += 1


def read_content(session: Session, workspace_id: UUID, dataset_id: UUID) -> bytes:
    return b"".join(stream_content(session, workspace_id, dataset_id))


def delete_dataset(session: Session, workspace_id: UUID, dataset_id: UUID) -> None:
    """Deletes an upload. Raises InUse while a run that has not ended refers to it.

    Ended runs lose the reference. The row lock keeps a new run from referring to the data set
    between the check and the deletion.
    """
    owned = (datasets.c.id == dataset_id, datasets.c.workspace_id == workspace_id)
    locked = session.execute(select(datasets.c.id).where(*owned).with_for_update())
    if locked.one_or_none() is None:
        raise NotFound
    users = select(runs.c.id).where(runs.c.dataset_id == dataset_id, runs.c.ended_at.is_(None))
    if session.execute(users.limit(1)).first() is not None:
        raise InUse
    session.execute(delete(datasets).where(*owned))


def _dataset_of(row: RowMapping) -> Dataset:
    return Dataset(**{**row, "profile": decode(row["profile"])})
