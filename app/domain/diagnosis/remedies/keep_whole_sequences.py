"""Keep the whole sequences."""

from app.domain.diagnosis.prose import counted
from app.domain.diagnosis.remedy import Ailment, Draft, RemedyCard
from app.domain.specs.dataset.sequences import SequencesSpec
from app.domain.specs.job import JobSpec


def draw(_ailment: Ailment, spec: JobSpec) -> Draft | None:
    if not isinstance(spec.dataset, SequencesSpec) or spec.dataset.max_length is None:
        return None
    return Draft(
        patch={"dataset": {"max_length": None, "dependency_lag": None}},
        reason=(
            f"Only the last {counted(spec.dataset.max_length, 'timestep')} of a sequence are "
            "seen, and what decides its label lies before them."
        ),
    )


CARD = RemedyCard(
    kind="keep_whole_sequences",
    summary="Keep the whole sequences.",
    source="measured on the benchmark",
    changes=("dataset.max_length", "dataset.dependency_lag"),
    cannot_act="The sequences are whole already.",
    causes=frozenset({"max_length_too_short", "window_too_short"}),
    draw=draw,
    is_specific=True,
)
