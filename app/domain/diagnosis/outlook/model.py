"""An ordered logistic model of how runs end, and quantiles of the score at the end.

    P(no better than the baseline) = logistic(no_better + x)
    P(task not learned)            = logistic(not_learned + x)
    x                              = sum over terms of weight * clip((feature - centre) / spread)

A feature that is not known says nothing: its term is 0. The quantiles of the height of the score
(`scale`) are linear in these probabilities, in the present height and in the share of the learning
rate that is still ahead.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from pydantic import BaseModel, ConfigDict

#: Probabilities are no more certain than the number of runs of the benchmark allows.
LEAST_PROBABILITY = 0.002
#: Height of the expected score where it is unknown: all of the way is possible.
LEAST_HEIGHT = -4.0


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Term(_Data):
    """What one feature contributes, in nats."""

    feature: str
    centre: float
    spread: float
    #: Bounds of the standardised feature: one of them is 0 where only one side tells something.
    low: float
    high: float
    weight: float

    def standardised(self, value: float) -> float:
        """Returns 0 for NaN."""
        deviation = (value - self.centre) / self.spread
        return 0.0 if math.isnan(deviation) else max(self.low, min(self.high, deviation))


class Quantiles(_Data):
    """Weights of the three quantiles of the change of the height until the end, by name."""

    low: Mapping[str, float]
    middle: Mapping[str, float]
    high: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class View:
    """What the model sees of a run."""

    features: Mapping[str, float]
    #: Of the latest scores.
    height: float
    #: Of the score that the task allows; None where it is unknown.
    expected_height: float | None
    #: Share of the sum of all learning rates that is still ahead.
    rate_ahead: float


@dataclass(frozen=True, kw_only=True)
class Foreseen:
    """How a run will end."""

    no_better: float
    not_learned: float
    #: Of the score at the end: the quantiles 10 %, 50 % and 90 %.
    heights: tuple[float, float, float]


class OutlookModel(_Data):
    """Coefficients of the outlook."""

    terms: tuple[Term, ...]
    no_better: float
    not_learned: float
    end: Quantiles

    def foresee(self, view: View) -> Foreseen:
        score = sum(one.weight * one.standardised(view.features[one.feature]) for one in self.terms)
        no_better, not_learned = (
            probability(score + bias) for bias in (self.no_better, self.not_learned)
        )
        parts = parts_of_change(view, no_better=no_better, not_learned=not_learned)
        ends = sorted(
            view.height + sum(weight * parts[name] for name, weight in weights.items())
            for weights in (self.end.low, self.end.middle, self.end.high)
        )
        return Foreseen(
            no_better=no_better, not_learned=not_learned, heights=(ends[0], ends[1], ends[2])
        )


def probability(score: float) -> float:
    """Returns the logistic function, away from 0 and 1."""
    value = 1 / (1 + math.exp(-max(-30.0, min(30.0, score))))
    return max(LEAST_PROBABILITY, min(1 - LEAST_PROBABILITY, value))


def parts_of_change(view: View, *, no_better: float, not_learned: float) -> Mapping[str, float]:
    """Returns what the change of the height until the end is a sum of."""
    learned, ahead = 1 - not_learned, view.rate_ahead
    goal = LEAST_HEIGHT if view.expected_height is None else view.expected_height
    return {
        "constant": 1.0,
        "learned": learned,
        "learned_ahead": learned * ahead,
        "way_ahead": learned * ahead * min(0.0, max(goal, LEAST_HEIGHT) - view.height),
        "no_better": no_better,
        "below_baseline_ahead": ahead * min(view.height, 0.0),
        "above_baseline_ahead": ahead * max(view.height, 0.0),
    }


MODEL = OutlookModel.model_validate_json(
    files(__package__).joinpath("coefficients.json").read_text()
)
