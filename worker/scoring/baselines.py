"""Scores of trivial predictors, on the rows of every split that a network is scored on."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.domain.scopes import Split
from app.domain.task import Baseline
from app.domain.telemetry import DoubleArray
from worker.scoring.truth import Truth

#: The first split that there is gives the baseline's `value`.
_JUDGED: tuple[Split, ...] = ("validation", "test", "train")


@dataclass(frozen=True, kw_only=True)
class TrivialPredictor:
    """A predictor that needs no training of a network."""

    name: str
    #: What it predicts, in words.
    source: str
    #: Its answers in the units of the data, by split.
    answers: Mapping[Split, DoubleArray]

    def scored(self, truths: Mapping[Split, Truth], *, metric: str) -> Baseline | None:
        """Returns its score in one metric; None if that of the judged split is not finite."""
        scores: dict[Split, float | None] = {}
        for split, answer_NK in self.answers.items():
            score = truths[split].scores(answer_NK)[metric]
            scores[split] = score if math.isfinite(score) else None
        value = scores[next(split for split in _JUDGED if split in scores)]
        if value is None:
            return None
        return Baseline(
            name=self.name, metric=metric, value=value, scores=scores, source=self.source
        )


def lowest_first(
    predictors: Sequence[TrivialPredictor],
    truths: Mapping[Split, Truth],
    *,
    metrics: Sequence[str],
) -> tuple[Baseline, ...]:
    """Returns the baselines in each metric, of which less is better, the best one first."""
    found: list[Baseline] = []
    for metric in metrics:
        scored = (predictor.scored(truths, metric=metric) for predictor in predictors)
        found += sorted((one for one in scored if one), key=lambda baseline: baseline.value)
    return tuple(found)
