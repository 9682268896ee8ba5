"""Probabilities as logistic functions of a few numbers, fitted by `bench.diagnosis.fit_confidence`.

Every probability is the share of runs of the benchmark of which it came true, on families of tasks
that the ranking of causes had not seen.
"""

import math
from collections.abc import Iterable
from importlib.resources import files

from pydantic import BaseModel, ConfigDict

from app.domain.diagnosis.cause import UNKNOWN
from app.domain.diagnosis.confidence.marks import Marks
from app.domain.diagnosis.findings import RankedCause

#: Smallest probability whose logarithm is taken.
LEAST = 1e-4


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OfCauses(_Data):
    """That one of some causes is right, by their share in the ranking.

    A run may have two causes, so that the probabilities of all causes may exceed 1.
    """

    bias: float
    #: Weight of ln(share / (1 - share)).
    slope: float

    def chance(self, share: float) -> float:
        """Returns 0 and 1 for causes that are excluded or proven."""
        if not 0 < share < 1:
            return min(1.0, max(0.0, share))
        return logistic(self.bias + self.slope * log_odds(share))


class OfFailing(_Data):
    """That a run ends without having learned its task, where a finding matters."""

    #: Where a finding is critical.
    seen: float
    bias: float
    #: Weight of ln(p / (1 - p)) of the largest share p in the ranking of causes.
    decided: float
    #: Weight of the level of the score times the share of the steps that are left.
    level_left: float
    #: Weight of each finding that is active and matters, times the same share.
    active_left: float

    def chance(self, marks: Marks, ranked: Iterable[RankedCause]) -> float:
        if marks.has_failed:
            return self.seen
        largest = max((one.probability for one in ranked if one.code != UNKNOWN), default=0.0)
        return logistic(
            self.bias
            + self.decided * log_odds(largest)
            + self.level_left * marks.level_left
            + self.active_left * marks.active_left
        )


class OfNoHarm(_Data):
    """That a finding does no harm, where no finding matters."""

    bias: float
    #: Weight of the share of the steps that are done.
    share: float

    def chance(self, marks: Marks) -> float:
        return logistic(self.bias + self.share * marks.share)


class Chances(_Data):
    """All numbers of the confidence."""

    causes: OfCauses
    failing: OfFailing
    no_harm: OfNoHarm


def logistic(score: float) -> float:
    return 1 / (1 + math.exp(-score))


def log_odds(probability: float) -> float:
    """Returns ln(p / (1 - p)) of the probability, which is kept off 0 and 1."""
    kept = min(1 - LEAST, max(LEAST, probability))
    return math.log(kept / (1 - kept))


CHANCES = Chances.model_validate_json(files(__package__).joinpath("chances.json").read_text())
