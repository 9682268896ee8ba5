"""Views of the catalogue."""

from typing import Any

from pydantic import Field, JsonValue

from app.api.models.view import View
from app.domain.diagnosis.cause import FAMILY_SUMMARIES, CauseCard, Family
from app.domain.diagnosis.codes import CauseCode, FindingCode
from app.domain.diagnosis.detector import DetectorCard
from app.domain.diagnosis.relations import (
    causes_of,
    findings_explained_by,
    findings_of,
    remedies_for,
)
from app.domain.diagnosis.remedy import RemedyCard
from app.domain.diagnosis.thresholds import thresholds_in
from app.domain.kinds import Kind
from app.domain.quantities import Cadence, Quantity
from app.services.read_catalog import Catalog


class KindView(View):
    """One kind of a union of the job spec."""

    kind: str
    """Value of `kind` that selects it."""
    summary: str
    """What it is for, in one line."""
    json_schema: dict[str, JsonValue]
    """JSON Schema of its fields."""


class QuantityView(View):
    """What is measured, and how."""

    name: str
    """Name in histories and plots."""
    unit: str
    """1 where it has no dimension."""
    formula: str
    """What is computed, and what its sign means."""
    reduction: str
    """How many values become one number."""
    cost: str
    """The cost of one measurement."""
    source: str
    """A publication; `measured`: defined by this project."""
    cadence: Cadence
    """When it is measured."""
    per_tensor: bool
    """True: it is measured for each tensor too, in the scope `tensor:<name>`."""


class ThresholdView(View):
    """A number that decides a finding."""

    name: str
    """The query parameter of the diagnosis that overrides it."""
    default: float
    """Value in force unless a query overrides it."""
    unit: str
    """1 where it has no dimension."""
    minimum: float
    """Smallest value that is accepted."""
    maximum: float
    """Largest value that is accepted."""
    meaning: str
    """What is compared with it."""
    source: str
    """Where the default comes from."""


class FindingKindView(View):
    """A symptom that a diagnosis can find."""

    code: FindingCode
    """Code of the finding."""
    summary: str
    """The symptom in one sentence."""
    essential: bool
    """True: no run is called healthy where this could not be assessed."""
    causes: list[CauseCode]
    """Causes that can explain it, by family."""
    thresholds: list[ThresholdView]
    """Thresholds that decide it."""


class EvidenceKeyView(View):
    """A number that the evidence of a cause may contain."""

    name: str
    """Key in the evidence."""
    unit: str
    """1 where it has no dimension."""
    meaning: str
    """What the number is."""


class CauseFamilyView(View):
    """Causes that are hard to tell apart."""

    code: Family
    """Code of the family."""
    summary: str
    """What its causes have in common."""


class CauseKindView(View):
    """A cause that a diagnosis can name."""

    code: CauseCode
    """Code of the cause."""
    family: Family
    """Causes of a family are hard to tell apart; a diagnosis may name the family alone."""
    summary: str
    """The cause in one sentence."""
    distinction: str
    """What tells it from the causes that look like it."""
    findings: list[FindingCode]
    """Symptoms that it can explain."""
    evidence: list[EvidenceKeyView]
    """Keys that the evidence of the cause may contain."""
    remedies: list[str]
    """Kinds of the remedies that act on it, in the order of advice."""


class RemedyKindView(View):
    """A change of job specs that a diagnosis can advise."""

    kind: str
    """Kind of the remedy."""
    summary: str
    """What it changes, and why it helps."""
    source: str
    """A publication, or the measurement that supports it."""
    changes: list[str]
    """Fields of the job spec that its patch may contain, as paths: `init.recurrent`."""
    cannot_act: str
    """When it is not advised although it acts on the cause."""
    findings: list[FindingCode]
    """Symptoms that it acts on."""
    causes: list[CauseCode]
    """Causes that it acts on."""


class CatalogView(View):
    """Kinds of models, data and so on, quantities, findings, causes and remedies."""

    job_spec: dict[str, JsonValue] = Field(description="JSON Schema of the body of POST /v1/runs.")
    kinds: dict[str, list[KindView]] = Field(
        description="By place in the job spec: model, init.recurrent, dataset and so on."
    )
    quantities: list[QuantityView]
    """Everything that is measured."""
    findings: list[FindingKindView]
    """Symptoms that are looked for."""
    cause_families: list[CauseFamilyView]
    """Families of causes."""
    causes: list[CauseKindView]
    """Causes of symptoms."""
    remedies: list[RemedyKindView]
    """Changes of job specs that act on causes."""


def view_catalog(catalog: Catalog) -> CatalogView:
    return CatalogView(
        job_spec=dict(catalog.job),
        kinds={family: list(map(_view_kind, kinds)) for family, kinds in catalog.kinds.items()},
        quantities=list(map(_view_quantity, catalog.quantities)),
        findings=list(map(_view_detector, catalog.detectors)),
        cause_families=[
            CauseFamilyView(code=family, summary=summary)
            for family, summary in FAMILY_SUMMARIES.items()
        ],
        causes=list(map(_view_cause, catalog.causes)),
        remedies=list(map(_view_remedy, catalog.remedies)),
    )


def _view_kind(kind: Kind) -> KindView:
    return KindView.of(kind, json_schema=kind.schema)


def _view_quantity(quantity: Quantity) -> QuantityView:
    return QuantityView.of(quantity, per_tensor=quantity.is_per_tensor)


def _view_detector(card: DetectorCard[Any]) -> FindingKindView:
    thresholds = thresholds_in(card.thresholds).items()
    return FindingKindView.of(
        card,
        essential=card.is_essential,
        causes=causes_of(card.code),
        thresholds=[
            ThresholdView.of(
                threshold,
                name=f"{card.code}.{name}",
                minimum=threshold.low,
                maximum=threshold.high,
            )
            for name, threshold in thresholds
        ],
    )


def _view_cause(card: CauseCard) -> CauseKindView:
    return CauseKindView.of(
        card, findings=findings_explained_by(card), remedies=remedies_for(card.code)
    )


def _view_remedy(card: RemedyCard) -> RemedyKindView:
    return RemedyKindView.of(
        card,
        findings=sorted(findings_of(card)),
        causes=sorted(card.causes),
    )
