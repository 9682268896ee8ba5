"""What the confidence is fitted to: runs with findings, and what became of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.domain.diagnosis.cause import UNKNOWN
from app.domain.diagnosis.causes import CAUSES
from app.domain.diagnosis.confidence.marks import Marks, marks_of
from app.domain.diagnosis.detectors import DETECTORS
from app.domain.diagnosis.findings import Finding, RankedCause
from app.domain.diagnosis.ranking import possible_causes
from app.domain.diagnosis.ranking.model import Model
from app.domain.diagnosis.ranking.signs import signs
from bench.diagnosis.example import FITTED_SHARES, Example, right_leaves
from bench.diagnosis.grading import Grade, base_progress, graded
from bench.diagnosis.labels import Diagnosed
from bench.diagnosis.leaves import twins_of
from bench.diagnosis.stored import StoredRun, read_file
from bench.diagnosis.truths import is_true

#: Causes of each ranking that count: a run may have two.
NUM_CAUSES = 2


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A run with findings at one share of its steps, and what became of it."""

    example: Example
    has_failed: bool
    marks: Marks
    findings: tuple[Finding, ...]
    #: A cause that is proven, so that none is ranked.
    proven: str | None

    @property
    def matters(self) -> bool:
        return any(one.matters for one in self.findings)

    def is_true(self, finding: Finding) -> bool:
        """Returns whether the run failed for what was found."""
        return is_true(finding.code, has_failed=self.has_failed, leaves=self.example.leaves)


@dataclass(frozen=True, kw_only=True)
class JudgedSample:
    """A sample with the ranking of a model that saw no run of its family of tasks."""

    sample: Sample
    #: Empty where no finding matters.
    ranked: tuple[RankedCause, ...]

    @property
    def largest_share(self) -> float:
        return max((one.probability for one in self.ranked if one.code != UNKNOWN), default=0.0)

    def causes(self) -> Iterator[tuple[float, bool]]:
        """Yields the shares of the first causes of a failed run, and whether each is right."""
        sample = self.sample
        if not (sample.has_failed and sample.example.leaves) or sample.proven is not None:
            return
        known = [one for one in self.ranked if one.code != UNKNOWN]
        for one in known[:NUM_CAUSES]:
            yield one.probability, not twins_of(one.code).isdisjoint(sample.example.leaves)


def samples_of(path: Path, labels: Mapping[str, Diagnosed]) -> list[Sample]:
    """Returns the samples of a file of runs that holds the bases of its tasks; no grey runs."""
    runs = list(read_file(path))
    bases = base_progress(runs)
    return [
        sample
        for run in runs
        if run.label.task in bases
        for sample in _samples(run, graded(run, bases[run.label.task]).grade, labels)
    ]


def _samples(run: StoredRun, grade: Grade, labels: Mapping[str, Diagnosed]) -> Iterator[Sample]:
    shares = FITTED_SHARES if grade is not Grade.GREY else ()
    for share in shares:
        sample = sample_of(run, share, has_failed=grade is Grade.FAILED, labels=labels)
        if sample.findings:
            yield sample


# as the engine does: a run that breaks down measures any number
@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def sample_of(
    run: StoredRun, share: float, *, has_failed: bool, labels: Mapping[str, Diagnosed]
) -> Sample:
    case = run.case_at(share)
    outcomes = (card.examine(case) for card in DETECTORS)
    findings = tuple(one for one in outcomes if isinstance(one, Finding))
    return Sample(
        example=Example(
            key=run.key,
            family=run.label.family,
            share=share,
            signs=signs(case),
            leaves=right_leaves(run, labels),
            possible=possible_causes(case),
        ),
        has_failed=has_failed,
        marks=marks_of(case, findings),
        findings=findings,
        proven=next((card.code for card in CAUSES if card.is_proven(case)), None),
    )


def judged_by(models: Mapping[str, Model], samples: Sequence[Sample]) -> list[JudgedSample]:
    """Ranks the causes of each sample by the model of its family of tasks."""
    return [JudgedSample(sample=one, ranked=_ranked(models, one)) for one in samples]


def _ranked(models: Mapping[str, Model], sample: Sample) -> tuple[RankedCause, ...]:
    if not sample.matters:
        return ()
    if sample.proven is not None:
        return (RankedCause(code=sample.proven, probability=1.0),)
    example = sample.example
    return models[example.family].rank(example.signs, example.possible)
