"""Read what the service can do: kinds, quantities, findings and remedies, from their tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from pydantic import JsonValue

from app.domain.diagnosis.thresholds import DEFAULTS
from app.domain.kinds import Kind, job_schema, kinds_by_family
from app.domain.quantities import QUANTITIES, Quantity
from app.domain.remedies.registry import REMEDIES
from app.domain.remedies.remedy import RemedyRule
from app.domain.symptoms import CauseCode, FindingCode


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """The same for every caller."""

    job: Mapping[str, JsonValue]
    kinds: Mapping[str, Sequence[Kind]]
    quantities: Sequence[Quantity]
    findings: Sequence[FindingCode]
    causes: Sequence[CauseCode]
    remedies: Sequence[RemedyRule]
    #: `code.name` -> default.
    thresholds: Mapping[str, float]


@cache
def read_catalog() -> Catalog:
    return Catalog(
        job=job_schema(),
        kinds=kinds_by_family(),
        quantities=QUANTITIES,
        findings=tuple(FindingCode),
        causes=tuple(CauseCode),
        remedies=REMEDIES,
        thresholds=DEFAULTS,
    )
