"""Compute in double precision."""

from app.domain.diagnosis.remedy import Ailment, Draft, RemedyCard
from app.domain.specs.job import JobSpec


def draw(_ailment: Ailment, spec: JobSpec) -> Draft | None:
    if spec.training.precision == "float64":
        return None
    return Draft(
        patch={"training": {"precision": "float64"}},
        reason="Numbers that float32 cannot hold are ordinary ones in float64.",
    )


CARD = RemedyCard(
    kind="double_precision",
    summary="Compute in double precision.",
    source="IEEE 754: 1e-38 to 1e38 in single, 1e-308 to 1e308 in double precision",
    changes=("training.precision",),
    cannot_act="The run is in double precision already.",
    causes=frozenset({"numeric_precision"}),
    draw=draw,
)
