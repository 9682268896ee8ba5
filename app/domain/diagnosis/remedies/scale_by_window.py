"""Scale each window by its own mean and deviation."""

from app.domain.diagnosis.remedy import Ailment, Draft, RemedyCard
from app.domain.specs.dataset.forecast import ForecastSpec
from app.domain.specs.job import JobSpec


def draw(_ailment: Ailment, spec: JobSpec) -> Draft | None:
    if not isinstance(spec.dataset, ForecastSpec) or spec.dataset.scaling == "per_window":
        return None
    return Draft(
        patch={"dataset": {"scaling": "per_window"}},
        reason=(
            "Each window is scaled by its own mean and deviation, so that neither a level that "
            "moves nor a few extreme rows decide what the network reads elsewhere."
        ),
    )


CARD = RemedyCard(
    kind="scale_by_window",
    summary="Scale each window by its own mean and deviation.",
    source="Kim et al. 2022, reversible instance normalisation",
    changes=("dataset.scaling",),
    cannot_act="The data is no forecast, or its windows are scaled so already.",
    causes=frozenset({"distribution_shift", "outliers_dominate", "saturated_start"}),
    draw=draw,
)
