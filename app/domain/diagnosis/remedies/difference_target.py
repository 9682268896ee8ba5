"""Predict the change of the target in place of its level."""

from app.domain.diagnosis.remedy import Ailment, Draft, RemedyCard
from app.domain.specs.dataset.forecast import MAX_TRANSFORMS, ForecastSpec
from app.domain.specs.job import JobSpec
from app.domain.specs.transform.difference import Difference


def draw(_ailment: Ailment, spec: JobSpec) -> Draft | None:
    dataset = spec.dataset
    if not isinstance(dataset, ForecastSpec) or not _fits(dataset):
        return None
    parts = [part.model_dump(mode="json") for part in dataset.transform]
    return Draft(
        patch={"dataset": {"transform": [*parts, {"kind": "difference", "lag": 1}]}},
        reason=(
            "The level of the target moves out of the range that was trained on. Changes from one "
            "timestep to the next stay in it."
        ),
    )


def _fits(dataset: ForecastSpec) -> bool:
    is_differenced = any(isinstance(part, Difference) for part in dataset.transform)
    is_rate = dataset.loss.link == "exp"
    has_quantiles = dataset.loss.outputs_per_target > 1 and dataset.horizon > 1
    is_full = len(dataset.transform) == MAX_TRANSFORMS
    return not (is_differenced or is_rate or has_quantiles or is_full)


CARD = RemedyCard(
    kind="difference_target",
    summary="Predict the change of the target in place of its level.",
    source="Box & Jenkins 1970",
    changes=("dataset.transform",),
    cannot_act=(
        "The data is no forecast, its target is differenced already, or its loss is not for "
        "changes."
    ),
    causes=frozenset({"distribution_shift"}),
    draw=draw,
)
