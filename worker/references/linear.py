"""Fits the models that are linear in their features.

Shapes: T timesteps, B sequences, n rows, K features, O outputs.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from app.domain.specs.dataset.base import Dataset
from app.domain.specs.dataset.forecast import ForecastSpec
from worker.datasets.objectives import NumberError
from worker.datasets.task import Batch, Predict, Task
from worker.references.card import FeatureCard, Features, Fitted, InputShape
from worker.references.positions import values_before
from worker.references.readout import Axes, Readout, least_loss, least_squares
from worker.references.registry import FEATURE_CARDS
from worker.references.samples import (
    Rows,
    choosing_batch,
    has_closed_form,
    rows_of,
    sequences_at_once,
    training_batch,
)

#: Without a validation part the strength is the one that is nearest to this.
USUAL_STRENGTH = 1e-2


@dataclass(frozen=True, kw_only=True)
class Linear:
    """A readout on features; its outputs may be changes since the last value of the target."""

    features: Features
    readout: Readout
    is_anchored: bool
    many_to_one: bool

    def __call__(self, batch: Batch) -> Tensor:
        at_once = sequences_at_once(len(batch.inputs_TBI))
        parts = [
            self._outputs(batch.take(first, first + at_once, many_to_one=self.many_to_one))
            for first in range(0, batch.num_sequences, at_once)
        ]
        return torch.cat(parts, dim=-2)

    def _outputs(self, batch: Batch) -> Tensor:
        outputs = self.readout(self.features(batch))
        if not self.is_anchored:
            return outputs
        last = values_before(batch, 0, is_per_step=not self.many_to_one)
        return outputs + last[..., :1]


def fit_linear_models(spec: Dataset, task: Task) -> Iterator[Fitted]:
    """Yields each model with the penalty that has the least loss on validation sequences."""
    shape = _input_shape(spec, task)
    whole = training_batch(task)
    choosing = choosing_batch(task)
    anchors = (False, True) if _can_be_anchored(spec) else (False,)
    for card in FEATURE_CARDS:
        if shape.horizon and not card.is_for_forecasts:
            continue
        features = card.features(shape)
        most = max(1, card.max_timesteps // task.facts.length)
        batch = whole.take(0, most, many_to_one=task.facts.many_to_one)
        rows = rows_of(task, batch, features, is_fitted=True)
        chosen_by = None if choosing is None else rows_of(task, choosing, features, is_fitted=False)
        axes = Axes.of(rows.features_nK)
        for is_anchored in anchors:
            yield _fit(card, task, features, axes, rows, chosen_by, is_anchored=is_anchored)


def _input_shape(spec: Dataset, task: Task) -> InputShape:
    sizes = [batch.num_sequences for batch in task.evaluation.values()]
    return InputShape(
        length=task.facts.length,
        input_size=task.facts.input_size,
        is_per_step=not task.facts.many_to_one,
        season=spec.season if isinstance(spec, ForecastSpec) else None,
        horizon=spec.horizon if isinstance(spec, ForecastSpec) else 0,
        num_timesteps=sum(sizes) * task.facts.length,
    )


def _can_be_anchored(spec: Dataset) -> bool:
    """Whether outputs are in the scale of the first input, which is the target's last value."""
    return isinstance(spec, ForecastSpec) and spec.loss.link == "identity"


def _fit(
    card: FeatureCard,
    task: Task,
    features: Features,
    axes: Axes,
    rows: Rows,
    chosen_by: Rows | None,
    *,
    is_anchored: bool,
) -> Fitted:
    """Returns the readout with the least loss on `chosen_by`.

    A loss that has risen for two weaker penalties in a row ends the search.
    """
    best: Readout | None = None
    losses_n: Tensor | None = None
    least, num_worse = math.inf, 0
    for readout in _readouts(task, axes, rows, is_anchored=is_anchored):
        if chosen_by is None:
            found_n, loss = None, abs(math.log(readout.strength / USUAL_STRENGTH))
        else:
            found_n = _losses(task, readout, chosen_by, is_anchored=is_anchored)
            loss = float(found_n.mean())
        if best is None or loss < least:
            best, losses_n, num_worse = readout, found_n, 0
            least = loss if math.isfinite(loss) else math.inf
        else:
            num_worse += 1
        if num_worse > 1:
            break
    if best is None:
        raise LookupError(card.name)
    predict: Predict = Linear(
        features=features,
        readout=best,
        is_anchored=is_anchored,
        many_to_one=task.facts.many_to_one,
    )
    return Fitted(
        card=card,
        predict=predict,
        details=_details(task, best, rows, is_anchored),
        losses_n=losses_n,
        is_anchored=is_anchored,
    )


def _readouts(task: Task, axes: Axes, rows: Rows, *, is_anchored: bool) -> Iterator[Readout]:
    objective, targets = task.objective, rows.targets
    offset_nO = _offset(task, rows, is_anchored=is_anchored)
    if isinstance(objective, NumberError):
        targets = targets.double()
    if has_closed_form(task):
        return least_squares(axes, targets - offset_nO)
    return least_loss(axes, objective, targets, offset_nO=offset_nO)


def _offset(task: Task, rows: Rows, *, is_anchored: bool) -> Tensor:
    width = task.facts.output_size
    if is_anchored:
        return rows.last_nI[:, :1].double().expand(-1, width)
    return torch.zeros(len(rows.last_nI), width, dtype=torch.float64)


def _losses(task: Task, readout: Readout, rows: Rows, *, is_anchored: bool) -> Tensor:
    outputs_nO = readout(rows.features_nK) + _offset(task, rows, is_anchored=is_anchored)
    return task.objective.loss_terms(outputs_nO, rows.targets)


def _details(task: Task, readout: Readout, rows: Rows, is_anchored: bool) -> str:  # noqa: FBT001
    num_items = task.data.num_items
    what = "targets" if not task.facts.many_to_one else "sequences"
    total = f" of {num_items}" if num_items and task.facts.many_to_one else ""
    anchored = ", for the change since the last value" if is_anchored else ""
    return (
        f"penalty {readout.strength:g}, fitted to {len(rows.features_nK)}{total} training "
        f"{what}{anchored}"
    )
