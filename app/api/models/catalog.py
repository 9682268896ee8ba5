"""The catalogue as clients see it."""

from collections.abc import Iterable

from pydantic import Field, JsonValue

from app.api.models.view import View
from app.domain.kinds import Kind
from app.domain.quantities import Cadence, Quantity
from app.domain.remedies.remedy import RemedyRule
from app.domain.symptoms import CauseCode, FindingCode
from app.services.read_catalog import Catalog


class KindView(View):
    kind: str
    summary: str
    json_schema: dict[str, JsonValue]


class QuantityView(View):
    name: str
    unit: str
    formula: str
    """What is computed, and what its sign means."""
    reduction: str
    """Over what it is averaged, or otherwise brought to one number."""
    cost: str
    """What one measurement takes."""
    source: str
    cadence: Cadence
    per_tensor: bool
    """Read once a tensor too, in the scope `tensor:<name>`."""


class ThresholdView(View):
    name: str
    """The query parameter of the diagnosis that overrides it."""
    default: float


class FindingKindView(View):
    code: FindingCode
    summary: str
    thresholds: list[ThresholdView]


class CauseKindView(View):
    code: CauseCode
    summary: str


class RemedyKindView(View):
    kind: str
    summary: str
    source: str
    findings: list[FindingCode]
    """Symptoms that it acts on."""
    causes: list[CauseCode]
    """Causes that it acts on."""
    needs_cause: bool
    """False: it is advised without a known cause too."""


class CatalogView(View):
    """All that may be asked for, is measured, can be found and can be done about it."""

    job_spec: dict[str, JsonValue] = Field(description="JSON Schema of the body of POST /v1/runs.")
    kinds: dict[str, list[KindView]] = Field(
        description="By place in the job spec: model, init.recurrent, dataset, …"
    )
    quantities: list[QuantityView]
    findings: list[FindingKindView]
    causes: list[CauseKindView]
    remedies: list[RemedyKindView]


def view_catalog(catalog: Catalog) -> CatalogView:
    return CatalogView(
        job_spec=dict(catalog.job),
        kinds={family: list(map(_view_kind, kinds)) for family, kinds in catalog.kinds.items()},
        quantities=list(map(_view_quantity, catalog.quantities)),
        findings=[
            FindingKindView(
                code=code,
                summary=code.summary,
                thresholds=_thresholds(code, catalog.thresholds.items()),
            )
            for code in catalog.findings
        ],
        causes=[CauseKindView(code=code, summary=code.summary) for code in catalog.causes],
        remedies=list(map(_view_remedy, catalog.remedies)),
    )


def _view_kind(kind: Kind) -> KindView:
    return KindView.of(kind, json_schema=kind.schema)


def _view_quantity(quantity: Quantity) -> QuantityView:
    return QuantityView.of(quantity, per_tensor=quantity.is_per_tensor)


def _thresholds(code: FindingCode, known: Iterable[tuple[str, float]]) -> list[ThresholdView]:
    return [
        ThresholdView(name=name, default=default)
        for name, default in known
        if name.startswith(f"{code}.")
    ]


def _view_remedy(rule: RemedyRule) -> RemedyKindView:
    return RemedyKindView(
        kind=rule.kind,
        summary=rule.summary,
        source=rule.source,
        findings=sorted(rule.codes),
        causes=sorted(cause for cause in rule.causes if cause is not None),
        needs_cause=None not in rule.causes,
    )
