"""Store an upload that was checked."""

from collections.abc import Mapping
from typing import BinaryIO
from uuid import UUID

from pydantic import JsonValue

from app.domain.audit import Act
from app.domain.quotas import Quotas, check_storage
from app.domain.uploads import DatasetKind
from app.services.record_act import record_act
from app.store.database import UnitOfWork
from app.store.datasets import Content, Dataset, insert_dataset
from app.store.usage import lock_storage, usage_of
from app.store.workspaces import find_workspace


def upload_dataset(
    work: UnitOfWork,
    *,
    workspace_id: UUID,
    name: str,
    kind: DatasetKind,
    content: Content,
    stored: BinaryIO | None = None,
    profile: Mapping[str, JsonValue],
    quotas: Quotas,
) -> Dataset:
    """Stores an upload under the profile that its check gave, in the form that its check wrote.

    Raises QuotaReached.

    The check takes long, and therefore comes before this transaction begins.
    """
    lock_storage(work.session, workspace_id)
    workspace = find_workspace(work.session, workspace_id)
    usage = usage_of(work.session, workspace_id)
    check_storage(quotas.overridden(workspace.own_quotas), usage, wanted=content.num_bytes)
    dataset = insert_dataset(
        work.session,
        workspace_id=workspace_id,
        name=name,
        kind=kind,
        content=content,
        stored=stored,
        profile=profile,
    )
    record_act(
        work,
        Act.DATASET_UPLOADED,
        workspace_id=workspace_id,
        subject_id=dataset.id,
        num_bytes=content.num_bytes,
    )
    return dataset
