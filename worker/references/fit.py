"""Fits reference models to a task, chooses one on the validation part, scores it on every split."""

import math
from collections.abc import Iterator, Mapping

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

#: The kind of the tensors that reference models read.
LIKE = torch.zeros((), dtype=torch.float32)


def fit_reference(spec: Dataset, task: Task) -> Reference | None:
    """Returns the best reference model with its scores; None if no model fits the task.

    The best one has the best score on the validation part, or is the first without such a part. The
    test part is read once, after the choice.
    """
    with torch.no_grad():
        models = list(_models(spec, task))
        if not models:
            return None
        scores = [_judged_score(model, task) for model in models]
        best = min(range(len(models)), key=lambda place: _order(scores[place], task))
        nonlinear = [
            score
            for model, score in zip(models, scores, strict=True)
            if model.card.is_nonlinear and score is not None
        ]
        return Reference(
            name=models[best].card.name,
            source=f"{models[best].card.formula}; {models[best].details}",
            metrics={split: _scores(models[best], task, split) for split in task.evaluation},
            nonlinear_score=min(nonlinear, key=lambda score: _order(score, task), default=None),
            are_residuals_white=_are_residuals_white(models[best], task),
        )


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
