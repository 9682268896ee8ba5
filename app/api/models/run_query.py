"""The query of a list of runs, and the body that changes labels."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from pydantic import Field

from app.api.models.instants import Instant
from app.api.models.request import RequestModel
from app.api.protocol.pages import DEFAULT_LIMIT
from app.domain.diagnosis.codes import FindingCode
from app.domain.diagnosis.findings import DiagnosisVerdict
from app.domain.runs import RunStatus, StopReason
from app.domain.specs.base import CleanText, LongText, ShortText, Tag, Tags, kind_of, one_of
from app.domain.specs.dataset import DATASETS
from app.domain.specs.model import CELLS
from app.store.runs import RunFilters

ModelKind = Annotated[str, one_of(tuple(map(kind_of, CELLS)))]
DatasetKind = Annotated[str, one_of(tuple(map(kind_of, DATASETS)))]
#: Values of one filter.
MAX_VALUES = 50


class RunQuery(RequestModel):
    """The query of a list of runs."""

    status: list[RunStatus] = Field([], max_length=MAX_VALUES)
    verdict: list[DiagnosisVerdict] = Field([], max_length=MAX_VALUES)
    stop_reason: list[StopReason] = Field([], max_length=MAX_VALUES)
    finding: list[FindingCode] = Field([], max_length=MAX_VALUES)
    tag: list[Tag] = Field([], max_length=MAX_VALUES)
    model: list[ModelKind] = Field([], max_length=MAX_VALUES)
    dataset: UUID | DatasetKind | None = None
    """A kind, or the id of an uploaded data set."""
    parent_id: UUID | None = None
    created_after: Instant | None = None
    ended_after: Instant | None = None
    q: CleanText | None = Field(None, max_length=200)
    """A part of the name or of the notes."""
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=200)
    cursor: str | None = Field(None, max_length=200)
    """Opaque: `next` of the page before contains it."""

    def filters(self) -> RunFilters:
        is_upload = isinstance(self.dataset, UUID)
        return RunFilters(
            statuses=self.status,
            verdicts=self.verdict,
            stop_reasons=self.stop_reason,
            findings=self.finding,
            tags=self.tag,
            models=self.model,
            datasets=[str(self.dataset)] if self.dataset and not is_upload else [],
            dataset_id=self.dataset if isinstance(self.dataset, UUID) else None,
            parent_id=self.parent_id,
            created_after=self.created_after,
            ended_after=self.ended_after,
            words=self.q,
        )


@dataclass(frozen=True, kw_only=True)
class LabelChanges:
    """New labels. None: unchanged."""

    name: str | None
    tags: tuple[str, ...] | None
    notes: str | None


class RunLabels(RequestModel):
    """A merge patch of a run's labels. Fields left out are unchanged; null empties one."""

    name: ShortText | None = None
    tags: Tags | None = None
    notes: LongText | None = None

    def changes(self) -> LabelChanges:
        given = self.model_fields_set
        return LabelChanges(
            name=(self.name or "") if "name" in given else None,
            tags=(self.tags or ()) if "tags" in given else None,
            notes=(self.notes or "") if "notes" in given else None,
        )
