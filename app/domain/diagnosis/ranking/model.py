"""A multinomial logistic model of the causes, over standardised signs.

A sign is centred, divided by its usual spread and cut off at 2.5, so that no single number decides.
A sign that was not measured says nothing: it counts as usual. The model knows nothing of the job
spec: a cause that the job rules out is left out by the caller.
"""

import math
from collections.abc import Collection, Mapping
from importlib.resources import files

import numpy as np
from pydantic import BaseModel, ConfigDict

from app.domain.diagnosis.cause import UNKNOWN
from app.domain.diagnosis.findings import RankedCause
from app.domain.telemetry import DoubleArray

#: Standardised signs are cut off here.
MOST_DEVIATION = 2.5


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Scale(_Data):
    """How a sign is standardised."""

    centre: float
    spread: float


class Weights(_Data):
    """What speaks for a cause, in nats."""

    bias: float
    #: By sign, for each usual spread that it lies above its centre; others weigh nothing.
    signs: Mapping[str, float]


class Doubt(_Data):
    """Logistic model of the hypothesis that none of the causes applies."""

    bias: float
    #: Weight of 1 - the largest probability.
    weakness: float
    #: Weight of the share of signs that were not measured.
    missing: float


class Model(_Data):
    """Coefficients of the ranking."""

    scales: Mapping[str, Scale]
    causes: Mapping[str, Weights]
    doubt: Doubt

    def rank(
        self, found: Mapping[str, float], candidates: Collection[str]
    ) -> tuple[RankedCause, ...]:
        """Returns every candidate that the model knows, and `unknown`, the likeliest first.

        Probabilities are given that the run fails, and sum to 1.
        """
        known = {name: self._standardised(name, found) for name in self.scales}
        codes = [code for code in self.causes if code in candidates]
        scores = {code: self._score(code, known) for code in codes}
        shares = softmax(np.array(list(scores.values())))
        doubt = self._doubt(shares, missing=sum(map(math.isnan, known.values())) / len(known))
        ranked = [
            RankedCause(code=code, probability=float((1 - doubt) * share))
            for code, share in zip(scores, shares, strict=True)
        ]
        ranked.append(RankedCause(code=UNKNOWN, probability=doubt))
        return tuple(sorted(ranked, key=lambda one: -one.probability))

    def _standardised(self, name: str, found: Mapping[str, float]) -> float:
        scale = self.scales[name]
        deviation = (found[name] - scale.centre) / scale.spread
        if math.isnan(deviation):
            return math.nan
        return max(-MOST_DEVIATION, min(MOST_DEVIATION, deviation))

    def _score(self, code: str, known: Mapping[str, float]) -> float:
        weights = self.causes[code]
        terms = (weight * known[name] for name, weight in weights.signs.items())
        return weights.bias + sum(term for term in terms if not math.isnan(term))

    def _doubt(self, shares: DoubleArray, *, missing: float) -> float:
        """Returns 1 without a candidate."""
        if not shares.size:
            return 1.0
        doubt = self.doubt
        score = doubt.bias + doubt.weakness * (1 - float(shares.max())) + doubt.missing * missing
        return 1 / (1 + math.exp(-score))


def softmax(scores_K: DoubleArray) -> DoubleArray:
    """Returns the shares that sum to 1; nothing for nothing."""
    raised_K = np.exp(scores_K - scores_K.max(initial=-np.inf))
    shares_K: DoubleArray = raised_K / raised_K.sum()
    return shares_K


MODEL = Model.model_validate_json(files(__package__).joinpath("coefficients.json").read_text())
#: Causes that the model knows.
CODES = frozenset(MODEL.causes)
