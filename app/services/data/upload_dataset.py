"""Check, profile and store an upload; nothing is stored of an invalid one."""

from typing import Literal, assert_never
from uuid import UUID

from app.domain.audit import Act
from app.domain.datasets import decode, parse_csv
from app.domain.profiles import CsvProfile, TextProfile, profile_csv, profile_text
from app.domain.quotas import Quotas, check_storage
from app.services.record_act import record_act
from app.store.database import UnitOfWork
from app.store.datasets import Dataset, insert_dataset
from app.store.usage import lock_storage, usage_of
from app.store.workspaces import find_workspace

DatasetKind = Literal["csv", "text"]


def upload_dataset(
    work: UnitOfWork,
    *,
    workspace_id: UUID,
    name: str,
    kind: DatasetKind,
    content: bytes,
    quotas: Quotas,
) -> Dataset:
    """Stores an upload. Raises QuotaReached, and InvalidData with the places of the errors."""
    # takes seconds, therefore before the transaction begins
    profile = _profile(kind, content)
    lock_storage(work.session, workspace_id)
    workspace = find_workspace(work.session, workspace_id)
    usage = usage_of(work.session, workspace_id)
    check_storage(quotas.overridden(workspace.own_quotas), usage, wanted=len(content))
    dataset = insert_dataset(
        work.session,
        workspace_id=workspace_id,
        name=name,
        kind=kind,
        content=content,
        profile=profile.model_dump(mode="json"),
    )
    record_act(
        work,
        Act.DATASET_UPLOADED,
        workspace_id=workspace_id,
        subject_id=dataset.id,
        num_bytes=len(content),
    )
    return dataset


def _profile(kind: DatasetKind, content: bytes) -> CsvProfile | TextProfile:
    text = decode(content)
    match kind:
        case "csv":
            return profile_csv(parse_csv(text))
        case "text":
            return profile_text(text)
        case _:
            assert_never(kind)
