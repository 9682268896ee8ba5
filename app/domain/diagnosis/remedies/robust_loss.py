"""Count large errors by their size and not by their square."""

from pydantic import JsonValue

from app.domain.diagnosis.remedy import Ailment, Draft, RemedyCard
from app.domain.specs.dataset.forecast import ForecastSpec
from app.domain.specs.dataset.sequences import SequencesSpec
from app.domain.specs.job import JobSpec
from app.domain.specs.loss.base import Loss
from app.domain.specs.loss.huber import HuberLoss
from app.domain.specs.loss.mse import MseLoss

#: In deviations of the window: usual errors of a forecast that is learned lie below it.
DELTA = 0.1


def draw(_ailment: Ailment, spec: JobSpec) -> Draft | None:
    """Advises Huber's loss and scales by window for a forecast, the absolute error otherwise.

    An extreme row makes the deviation of its whole series large, so that in the scale of the series
    every other error is nearly 0.
    """
    dataset = spec.dataset
    change: dict[str, JsonValue]
    if isinstance(dataset, ForecastSpec) and _is_squared(dataset.loss):
        change = {"loss": {"kind": "huber", "delta": DELTA}, "scaling": "per_window"}
        reason = "scaled by window and counted by their size"
    elif (
        isinstance(dataset, SequencesSpec)
        and dataset.task == "regression"
        and _is_squared(dataset.loss_of_numbers)
    ):
        change = {"loss": {"kind": "mae"}}
        reason = "counted by their size"
    else:
        return None
    return Draft(
        patch={"dataset": change},
        reason=(
            "A few examples hold most of the squared error, so that their gradient outweighs that "
            f"of all others. Errors that are {reason} weigh about alike. Scores are in the metric "
            "of the new loss."
        ),
    )


def _is_squared(loss: Loss) -> bool:
    return isinstance(loss, MseLoss) or (isinstance(loss, HuberLoss) and loss.delta > DELTA)


CARD = RemedyCard(
    kind="robust_loss",
    summary="Count large errors by their size and not by their square.",
    source="Huber 1964; delta and scale measured on the benchmark",
    changes=("dataset.loss", "dataset.scaling"),
    cannot_act="The task is no forecast or regression, or its loss is robust already.",
    causes=frozenset({"outliers_dominate"}),
    draw=draw,
    is_specific=True,
)
