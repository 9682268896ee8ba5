"""Read what the service can do: kinds, quantities, findings, causes and remedies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import JsonValue

from app.domain.diagnosis.cause import CauseCard
from app.domain.diagnosis.causes import CAUSES
from app.domain.diagnosis.detector import DetectorCard
from app.domain.diagnosis.detectors import DETECTORS
from app.domain.diagnosis.remedies import REMEDIES
from app.domain.diagnosis.remedy import RemedyCard
from app.domain.kinds import Kind, job_schema, kinds_by_family
from app.domain.quantities import QUANTITIES, Quantity


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """What the service supports; the same for every caller."""

    job: Mapping[str, JsonValue]
    kinds: Mapping[str, Sequence[Kind]]
    quantities: Sequence[Quantity]
    #: Any, because each detector has thresholds of its own class.
    detectors: Sequence[DetectorCard[Any]]
    causes: Sequence[CauseCard]
    remedies: Sequence[RemedyCard]


@cache
def read_catalog() -> Catalog:
    return Catalog(
        job=job_schema(),
        kinds=kinds_by_family(),
        quantities=QUANTITIES,
        detectors=DETECTORS,
        causes=CAUSES,
        remedies=REMEDIES,
    )
