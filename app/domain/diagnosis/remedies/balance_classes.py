"""Let rare classes count as much as frequent ones."""

from app.domain.diagnosis.remedy import Ailment, Draft, RemedyCard
from app.domain.specs.dataset.sequences import SequencesSpec
from app.domain.specs.job import JobSpec


def draw(_ailment: Ailment, spec: JobSpec) -> Draft | None:
    dataset = spec.dataset
    if (
        not isinstance(dataset, SequencesSpec)
        or dataset.task != "classification"
        or dataset.is_balanced
    ):
        return None
    is_drawn = dataset.target == "per_sequence"
    field = "sampling" if is_drawn else "class_weights"
    how = "drawn as often as" if is_drawn else "weighted like"
    return Draft(
        patch={"dataset": {field: "balanced"}},
        reason=(
            "The most frequent class is nearly always right, so that the loss is small without "
            f"learning. Rare classes are {how} frequent ones."
        ),
    )


CARD = RemedyCard(
    kind="balance_classes",
    summary="Let rare classes count as much as frequent ones.",
    source="He & Garcia 2009",
    changes=("dataset.class_weights", "dataset.sampling"),
    cannot_act="The task is no classification of sequences, or is balanced already.",
    causes=frozenset({"class_imbalance"}),
    draw=draw,
    is_specific=True,
)
