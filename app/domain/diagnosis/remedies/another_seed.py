"""Start from other random weights."""

from app.domain.diagnosis.remedy import Ailment, Draft, RemedyCard
from app.domain.specs.base import MAX_INT
from app.domain.specs.job import JobSpec


def draw(_ailment: Ailment, spec: JobSpec) -> Draft | None:
    present = spec.training.seed
    other = present + 1 if present < MAX_INT else 0
    return Draft(
        patch={"training": {"seed": other}},
        reason="Other random weights of the same kind can lead to a solution.",
    )


CARD = RemedyCard(
    kind="another_seed",
    summary="Start from other random weights.",
    source="measured on the benchmark: some specs are solved with some seeds only",
    changes=("training.seed",),
    cannot_act="It always can.",
    causes=frozenset({"unreliable_start"}),
    draw=draw,
)
