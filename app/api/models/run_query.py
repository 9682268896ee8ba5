"""The query of a list of runs, and the body that changes labels."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field
from pydantic.main import IncEx

from app.api.models.instants import Instant
from app.api.models.request import COMMAS, RequestModel
from app.api.models.run import RunView
from app.api.models.run_detail import IncludedPart, RunDetailView
from app.api.protocol.pages import DEFAULT_LIMIT
from app.domain.diagnosis.codes import FindingCode
from app.domain.diagnosis.findings import DiagnosisVerdict
from app.domain.runs import RunStatus, StopReason
from app.domain.specs.base import CleanText, LongText, ShortText, Tag, Tags, kind_of, one_of
from app.domain.specs.dataset import DATASETS
from app.domain.specs.model import CELLS
from app.store.run_lists import MetricBound, Relation, RunFilters
from app.store.run_order import METRIC, ORDERS, RunOrder

ModelKind = Annotated[str, one_of(tuple(map(kind_of, CELLS)))]
DatasetKind = Annotated[str, one_of(tuple(map(kind_of, DATASETS)))]
#: Values of one filter.
MAX_VALUES = 50


_METRIC_FILTER = re.compile(
    r"(train|validation|test)\.([a-z0-9_]{1,60})(<=|>=|<|>)(-?[0-9]{1,20}(?:\.[0-9]{1,20})?(?:e-?[0-9]{1,2})?)"
)
_RELATIONS: Mapping[str, Relation] = MappingProxyType(
    {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}
)
RunField = Annotated[str, one_of(tuple(RunView.model_fields))]
Fields = Annotated[list[RunField], COMMAS]
DetailField = Annotated[str, one_of(tuple(RunDetailView.model_fields))]
DetailFields = Annotated[tuple[DetailField, ...], COMMAS]
FIELDS = (
    "Repeatable, or separated by commas: the fields to answer, besides `id`. Default: all. The "
    "answer then lacks all other fields, those too that its schema requires."
)
Included = Annotated[tuple[IncludedPart, ...], COMMAS]
MAX_PARTS = 20
INCLUDE = (
    "Repeatable, or separated by commas. `sparklines` and `verdict` as in lists; the other parts "
    "are answered in `included`."
)
MetricFilter = Annotated[str, Field(pattern=f"^{_METRIC_FILTER.pattern}$", max_length=120)]
SortKey = Annotated[
    str,
    Field(pattern=f"^-?({'|'.join(ORDERS)}|{METRIC.pattern})$", max_length=90),
]


class RunQuery(RequestModel):
    """The query of a list of runs."""

    status: list[RunStatus] = Field([], max_length=MAX_VALUES)
    """Repeatable: where the run is in its life."""
    verdict: list[DiagnosisVerdict] = Field([], max_length=MAX_VALUES)
    """Repeatable: verdict of the diagnosis."""
    stop_reason: list[StopReason] = Field([], max_length=MAX_VALUES)
    """Repeatable: why the run ended."""
    finding: list[FindingCode] = Field([], max_length=MAX_VALUES)
    """Repeatable: code of a finding that is active."""
    tag: list[Tag] = Field([], max_length=MAX_VALUES)
    """Repeatable: a run must have all of them."""
    model: list[ModelKind] = Field([], max_length=MAX_VALUES)
    """Repeatable: kind of the model."""
    dataset: UUID | DatasetKind | None = None
    """A kind, or the id of an uploaded data set."""
    parent_id: UUID | None = None
    """Runs that were forked from this one."""
    created_after: Instant | None = None
    """Runs that were submitted later."""
    created_before: Instant | None = None
    """Runs that were submitted earlier."""
    ended_after: Instant | None = None
    """Runs that ended later."""
    q: CleanText | None = Field(None, max_length=200)
    """A part of the name or of the notes."""
    metric: list[MetricFilter] = Field([], max_length=MAX_VALUES, examples=[["validation.mse<0.1"]])
    """Repeatable: a bound of the latest score, `split.metric` with `<`, `<=`, `>` or `>=`."""
    sort: SortKey | None = Field(None, examples=["metric:validation.mse", "-duration"])
    """`created_at`, `ended_at`, `duration`, `progress` or `metric:split.name`; with a minus the
    largest first. Runs without a value come last. Default: `-created_at`."""
    fields: Fields = Field([], max_length=MAX_VALUES, examples=[["name,status,best"]])
    """Repeatable, or separated by commas: the fields of each run to answer, besides `id`. Default:
    all."""
    include: Annotated[list[Literal["sparklines", "verdict"]], COMMAS] = Field([], max_length=2)
    """Repeatable, or separated by commas. `sparklines`: a small curve of the loss and of the
    gradient norm. `verdict`: the diagnosis in words."""
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=200)
    """The largest number of runs on the page."""
    cursor: str | None = Field(None, max_length=200)
    """Opaque: `next` of the page before contains it."""

    def order(self) -> RunOrder | None:
        """Returns the order asked for; None for the newest first."""
        return None if self.sort in {None, "-created_at"} else RunOrder.parse(str(self.sort))

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
            created_before=self.created_before,
            metrics=[_bound(text) for text in self.metric],
            ended_after=self.ended_after,
            words=self.q,
        )


def only(fields: Collection[str]) -> dict[str, bool] | None:
    """Returns which fields of a run to answer, for pydantic; None for all."""
    return dict.fromkeys(("id", *fields), True) if fields else None


def only_in_items(fields: Collection[str]) -> IncEx | None:
    """Returns the same for each run of a list."""
    chosen = only(fields)
    if chosen is None:
        return None
    items: IncEx = {"__all__": chosen}
    return {"items": items, "next": True}


def _bound(text: str) -> MetricBound:
    found = _METRIC_FILTER.fullmatch(text)
    assert found is not None  # noqa: S101 - the field's pattern
    split, metric, relation, bound = found.groups()
    return MetricBound(
        split=split, metric=metric, relation=_RELATIONS[relation], bound=float(bound)
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
    """New name."""
    tags: Tags | None = None
    """New tags, in place of the present ones."""
    notes: LongText | None = None
    """New notes."""

    def changes(self) -> LabelChanges:
        given = self.model_fields_set
        return LabelChanges(
            name=(self.name or "") if "name" in given else None,
            tags=(self.tags or ()) if "tags" in given else None,
            notes=(self.notes or "") if "notes" in given else None,
        )
