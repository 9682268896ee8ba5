"""What a judge says of a run at one moment, in one form for all judges."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.findings import DiagnosisVerdict
from bench.diagnosis.tasks import Document

#: Shares of the steps at which every run is judged.
SHARES = (0.05, 0.1, 0.2, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, kw_only=True)
class Opinion:
    """The judgement of a case."""

    verdict: DiagnosisVerdict
    #: Codes of the findings that are active and matter, the most severe first.
    codes: tuple[str, ...] = ()
    #: Causes, the likeliest first; codes that are no leaf of `leaves` count as undetermined.
    causes: tuple[str, ...] = ()
    #: Probability of the first cause; None where the judge gives none.
    cause_probability: float | None = None
    #: Probability that the run is sick; None where the judge gives none.
    confidence: float | None = None
    #: Findings that are active or predicted and matter: code -> confidence that it is right.
    confidences: Mapping[str, float] = field(default_factory=dict)
    #: Merge patches of the job spec, in the order of advice.
    remedies: tuple[Document, ...] = ()

    @property
    def is_sick(self) -> bool:
        return self.verdict is DiagnosisVerdict.SICK


class Judge(Protocol):
    """Judges a case by its telemetry and spec. It never sees a label, or anything later."""

    @property
    def name(self) -> str: ...

    def __call__(self, case: Case, /) -> Opinion: ...


@dataclass(frozen=True, kw_only=True)
class Opinions:
    """All opinions of one judge on one run, by the share of its steps."""

    by_share: Mapping[float, Opinion]

    @property
    def last(self) -> Opinion:
        return self.by_share[SHARES[-1]]

    @property
    def detected_at(self) -> float | None:
        """The first share from which on every opinion is `sick`; None if the last one is not."""
        first = None
        for share in reversed(SHARES):
            if not self.by_share[share].is_sick:
                break
            first = share
        return first

    @property
    def is_sick_at_any(self) -> bool:
        return any(opinion.is_sick for opinion in self.by_share.values())

    @property
    def is_sick_twice(self) -> bool:
        """Whether two judgements in succession were `sick`."""
        sick = [self.by_share[share].is_sick for share in SHARES]
        return any(one and two for one, two in pairwise(sick))
