"""Fits reference models to a task, chooses one on the validation part, scores it on every split."""

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch

from app.domain.scopes import Split
from app.domain.specs.dataset.base import Dataset
from app.domain.task import MetricMode, Reference
from app.domain.whiteness import are_white
from worker.datasets.objectives import NumberError
from worker.datasets.task import Task
from worker.datasets.text import TextData
from worker.references.card import Fitted
from worker.references.linear import fit_linear_models
from worker.references.members.ngrams import fit_ngrams

#: Standard errors of the paired differences by which a model is better by chance in one of twenty
#: cases.
CHANCE_ERRORS = 1.645
#: The kind of the tensors that reference models read.
LIKE = torch.zeros((), dtype=torch.float32)


def fit_reference(spec: Dataset, task: Task) -> Reference | None:
    """Returns the best reference model with its scores; None if no model fits the task.

    The test part is read once, after the choice.
    """
    with torch.no_grad():
        models = list(_models(spec, task))
        if not models:
            return None
        best = _best_of(models)
        nonlinear = [_judged_score(model, task) for model in models if model.card.is_nonlinear]
        return Reference(
            name=best.card.name,
            source=f"{best.card.formula}; {best.details}",
            metrics={split: _scores(best, task, split) for split in task.evaluation},
            nonlinear_score=min(nonlinear, key=lambda score: _order(score, task), default=None),
            are_residuals_white=_are_residuals_white(best, task),
        )


def _best_of(models: Sequence[Fitted]) -> Fitted:
    """Returns the model with the least loss on validation rows, or the first one without any.

    A change since the last value, and a nonlinear model, must be better by more than chance: the
    best of several models is also the luckiest, and flexible ones are the luckiest of all.
    """
    tiers = sorted({_tier(model) for model in models})
    best = models[0]
    for place, tier in enumerate(tiers):
        least = _least([model for model in models if _tier(model) == tier])
        if place == 0 or _is_better(least, best):
            best = least
    return best


def _tier(model: Fitted) -> tuple[bool, bool]:
    return model.card.is_nonlinear, model.is_anchored


def _is_better(model: Fitted, than: Fitted) -> bool:
    """Returns whether its loss is less by more than chance."""
    if model.losses_n is None or than.losses_n is None:
        return False
    if not math.isfinite(_mean(than)):
        return math.isfinite(_mean(model))
    gain_n = than.losses_n - model.losses_n
    error = float(gain_n.std(correction=0)) / math.sqrt(len(gain_n))
    return float(gain_n.mean()) > CHANCE_ERRORS * error


def _least(models: Sequence[Fitted]) -> Fitted:
    """Returns the first model of those with the least mean loss."""
    return min(models, key=_mean)


def _mean(model: Fitted) -> float:
    mean = 0.0 if model.losses_n is None else float(model.losses_n.mean())
    return mean if math.isfinite(mean) else math.inf


def _models(spec: Dataset, task: Task) -> Iterator[Fitted]:
    if isinstance(task.data, TextData):
        yield fit_ngrams(task, task.data.codes)
    elif task.data.num_items is not None:
        yield from fit_linear_models(spec, task)


def _order(score: float | None, task: Task) -> float:
    """Returns a number that is less for a better score."""
    if score is None:
        return math.inf
    return score if task.facts.mode is MetricMode.MINIMISE else -score


def _judged_score(model: Fitted, task: Task) -> float | None:
    if "validation" not in task.evaluation:
        return None
    return _scores(model, task, "validation")[task.facts.metric]


def _scores(model: Fitted, task: Task, split: Split) -> Mapping[str, float | None]:
    found = task.score(model.predict, split, like=LIKE)
    return {name: value if math.isfinite(value) else None for name, value in found.items()}


def _are_residuals_white(model: Fitted, task: Task) -> bool | None:
    """Of forecasts one step ahead that follow each other; None for other tasks."""
    batch, objective = task.successive, task.objective
    if batch is None or not isinstance(objective, NumberError):
        return None
    forecast_B = model.predict(batch)[:, objective.loss.point_output]
    if objective.loss.link == "exp":
        forecast_B = forecast_B.exp()
    residual_B = batch.targets[:, 0].double() - forecast_B
    return are_white(residual_B.numpy().astype(np.float64))
