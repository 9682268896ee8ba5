"""What one remedy draws for a spec and some numbers of a run."""

from typing import Any

from pydantic import JsonValue

from app.domain.diagnosis.remedies import REMEDIES
from app.domain.diagnosis.remedy import Ailment, Patch
from app.domain.specs.job import JobSpec
from app.domain.specs.patch import patched
from tests.domain.builders import job

FORECAST: dict[str, JsonValue] = {
    "kind": "forecast",
    "dataset_id": "00000000-0000-0000-0000-000000000001",
    "target": "value",
    "window": 24,
}
SEQUENCES: dict[str, JsonValue] = {
    "kind": "sequences",
    "dataset_id": "00000000-0000-0000-0000-000000000001",
    "sequence_column": "sequence",
    "features": ["value"],
    "label": "label",
}
TEXT: dict[str, JsonValue] = {
    "kind": "text",
    "dataset_id": "00000000-0000-0000-0000-000000000001",
}


def forecast(**options: JsonValue) -> JobSpec:
    return job(dataset={**FORECAST, **options})


def sequences(**options: JsonValue) -> JobSpec:
    return job(dataset={**SEQUENCES, **options})


def drawn(kind: str, spec: JobSpec, **numbers: Any) -> Patch | None:
    """The patch, of which it is certain that it makes another valid spec; None without one."""
    (card,) = (card for card in REMEDIES if card.kind == kind)
    draft = card.draw(Ailment(**numbers), spec)
    if draft is None:
        return None
    assert patched(spec, draft.patch) != spec
    assert draft.reason.endswith(".")
    return draft.patch


def treated(kind: str, spec: JobSpec, **numbers: Any) -> JobSpec:
    patch = drawn(kind, spec, **numbers)
    assert patch is not None
    return patched(spec, patch)
