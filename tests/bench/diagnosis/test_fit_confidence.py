from collections.abc import Iterator

import numpy as np
import pytest

from app.domain.diagnosis.confidence.chances import Chances
from app.domain.diagnosis.confidence.marks import Marks
from app.domain.diagnosis.findings import RankedCause, Severity
from bench.diagnosis.example import Example
from bench.diagnosis.fit_confidence import evaluation, fitted
from bench.diagnosis.samples import JudgedSample, Sample
from bench.diagnosis.truths import is_true
from tests.domain.diagnosis.builders import finding

CAUSE, OTHER = "expansive_recurrence", "no_signal"


def judged(*, share: float, has_failed: bool, is_right: bool, level: float) -> JudgedSample:
    """A run with a warning, and one cause that has this share of the ranking."""
    sample = Sample(
        example=Example(
            key="",
            family="order" if is_right else "text",
            share=0.25,
            signs={},
            leaves=frozenset({CAUSE if is_right else OTHER}) if has_failed else frozenset(),
            possible=frozenset({CAUSE}),
        ),
        has_failed=has_failed,
        marks=Marks(has_failed=False, active_left=0.75, share=0.25, level_left=level),
        findings=(finding("exploding_gradient", severity=Severity.WARNING),),
        proven=None,
    )
    ranked = (
        RankedCause(code=CAUSE, probability=share),
        RankedCause(code="unknown", probability=1 - share),
    )
    return JudgedSample(sample=sample, ranked=ranked)


def quiet(*, is_harmful: bool) -> JudgedSample:
    """A run with nothing but information."""
    sample = judged(share=0.9, has_failed=is_harmful, is_right=True, level=0.0).sample
    information = finding("exploding_gradient", severity=Severity.INFO)
    changed = Sample(**{**vars(sample), "findings": (information,)})
    return JudgedSample(sample=changed, ranked=())


def runs() -> Iterator[JudgedSample]:
    """Runs fail the less the higher their level; causes are right twice as often as stated."""
    rng = np.random.default_rng(0)
    for number in range(600):
        share = (0.15, 0.4)[number % 2]
        level = (0.0, 0.6)[number // 2 % 2]
        yield judged(
            share=share,
            has_failed=bool(rng.random() < 0.9 - level),
            is_right=bool(rng.random() < 2 * share),
            level=level,
        )
    for number in range(40):
        yield quiet(is_harmful=number % 4 == 0)


@pytest.fixture(scope="module")
def chances() -> Chances:
    return fitted(list(runs()))


def test_causes_that_are_right_more_often_than_stated_become_likelier(chances: Chances) -> None:
    assert chances.causes.chance(0.15) == pytest.approx(0.3, abs=0.07)
    assert chances.causes.chance(0.4) == pytest.approx(0.8, abs=0.07)


def test_a_run_fails_the_less_the_higher_its_level(chances: Chances) -> None:
    ranked = (RankedCause(code=CAUSE, probability=0.4),)
    low, high = (
        chances.failing.chance(
            Marks(has_failed=False, active_left=0.75, share=0.25, level_left=level), ranked
        )
        for level in (0.0, 0.6)
    )

    assert low == pytest.approx(0.9, abs=0.08)
    assert high == pytest.approx(0.3, abs=0.08)


def test_information_is_right_as_often_as_it_did_no_harm(chances: Chances) -> None:
    marks = quiet(is_harmful=False).sample.marks

    assert chances.no_harm.chance(marks) == pytest.approx(0.75, abs=0.02)


def test_the_first_causes_and_findings_of_each_family_of_tasks_are_told() -> None:
    lines = list(evaluation(list(runs())))

    assert [line.split()[0] for line in lines] == ["order", "text", "all"]
    assert all("by chance" in line for line in lines)


def test_only_failed_runs_with_a_known_cause_have_causes() -> None:
    failed = judged(share=0.4, has_failed=True, is_right=True, level=0.0)
    healthy = judged(share=0.4, has_failed=False, is_right=True, level=0.0)

    assert list(failed.causes()) == [(0.4, True)]
    assert list(healthy.causes()) == []
    assert is_true("exploding_gradient", has_failed=True, leaves=failed.sample.example.leaves)
