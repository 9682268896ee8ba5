"""Scores a judge: detection, false alarms, causes and findings, by the runs' grades and labels.

Undetermined counts as wrong; how often a judge answered at all is reported beside.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from app.domain.diagnosis.findings import DiagnosisVerdict
from bench.diagnosis.bootstrap import Share, share_of
from bench.diagnosis.grading import Grade
from bench.diagnosis.judge import JudgedRun
from bench.diagnosis.labels import Diagnosed
from bench.diagnosis.leaves import FAMILIES, FINDINGS, leaf_of, twins_of
from bench.diagnosis.opinions import Opinion, Opinions

#: Shares of fewer cases are not shown.
MIN_CASES = 20
#: Causes that a judge may name for `leaf among three`.
MOST_CAUSES = 3


@dataclass(frozen=True, kw_only=True)
class ScoredRun:
    """A run and what one judge said of it."""

    run: JudgedRun
    opinions: Opinions
    #: Causes that count as right; empty for a run without a known fault.
    leaves: frozenset[str]
    #: Whether the fault's failure was confirmed with fresh seeds.
    is_confirmed: bool

    @property
    def task(self) -> str:
        return self.run.graded.label.task

    @property
    def families(self) -> frozenset[str]:
        return frozenset(FAMILIES[leaf] for leaf in self.leaves)


@dataclass(frozen=True, kw_only=True)
class Scores:
    """All shares of one judge."""

    #: Lasting detection of runs that failed totally, partially, and by the fault's strength.
    detected_total: Share
    detected_partial: Share
    #: Median share of the steps at which lasting detection began.
    median_time: float | None
    detected_early: Share
    false_alarm_any: Share
    false_alarm_twice: Share
    false_alarm_end: Share
    at_risk_end: Share
    family_first: Share
    leaf_first: Share
    leaf_in_three: Share
    answered: Share
    code_right: Share


def scored(
    runs: Iterable[JudgedRun], judge: str, labels: Mapping[str, Diagnosed]
) -> list[ScoredRun]:
    return [_scored(run, judge, labels.get(run.graded.key)) for run in runs]


def _scored(run: JudgedRun, judge: str, label: Diagnosed | None) -> ScoredRun:
    injected = run.graded.label.leaves
    is_confirmed = label is not None and label.is_confirmed
    leaves = label.leaves(injected) if label is not None and is_confirmed else injected
    return ScoredRun(
        run=run, opinions=run.opinions[judge], leaves=leaves, is_confirmed=is_confirmed
    )


def scores(runs: Sequence[ScoredRun]) -> Scores:
    """Returns every share over these runs. Grey runs are not scored."""
    failed = [one for one in runs if one.run.graded.grade is Grade.FAILED]
    healthy = [one for one in runs if one.run.graded.grade is Grade.HEALTHY]
    caused = [one for one in failed if one.leaves]
    times = [one.opinions.detected_at for one in failed]
    known = [time for time in times if time is not None]
    return Scores(
        detected_total=_share([one for one in failed if one.run.graded.is_total], is_detected),
        detected_partial=_share(
            [one for one in failed if not one.run.graded.is_total], is_detected
        ),
        median_time=median(known) if known else None,
        detected_early=_share(failed, is_detected_early),
        false_alarm_any=_share(healthy, lambda one: one.opinions.is_sick_at_any),
        false_alarm_twice=_share(healthy, lambda one: one.opinions.is_sick_twice),
        false_alarm_end=_share(healthy, lambda one: one.opinions.last.is_sick),
        at_risk_end=_share(
            healthy, lambda one: one.opinions.last.verdict is DiagnosisVerdict.AT_RISK
        ),
        family_first=_share(caused, is_family_first),
        leaf_first=_share(caused, is_leaf_first),
        leaf_in_three=_share(caused, is_leaf_in_three),
        answered=_share(caused, has_answered),
        code_right=_share(caused, is_code_right),
    )


def is_detected(one: ScoredRun) -> bool:
    return one.opinions.detected_at is not None


def is_detected_early(one: ScoredRun) -> bool:
    """Within a fifth of the steps."""
    at = one.opinions.detected_at
    return at is not None and at <= 0.2


def named(opinion: Opinion) -> list[str]:
    """Returns the leaves that a judge names; a code that is no leaf takes its place in vain."""
    return [leaf_of(code) or "" for code in opinion.causes]


def is_family_first(one: ScoredRun) -> bool:
    causes = named(one.opinions.last)
    return bool(causes) and FAMILIES.get(causes[0]) in one.families


def is_leaf_first(one: ScoredRun) -> bool:
    causes = named(one.opinions.last)
    return bool(causes) and _is_right(causes[0], one.leaves)


def is_leaf_in_three(one: ScoredRun) -> bool:
    return any(_is_right(leaf, one.leaves) for leaf in named(one.opinions.last)[:MOST_CAUSES])


def has_answered(one: ScoredRun) -> bool:
    causes = named(one.opinions.last)
    return bool(causes) and causes[0] != ""


def is_code_right(one: ScoredRun) -> bool:
    """Whether a finding is active that describes a run with one of the right causes."""
    accepted = frozenset(code for leaf in one.leaves for code in FINDINGS[leaf])
    return not accepted.isdisjoint(one.opinions.last.codes)


def _is_right(leaf: str, leaves: frozenset[str]) -> bool:
    return not twins_of(leaf).isdisjoint(leaves)


def _share(runs: Iterable[ScoredRun], is_hit: Callable[[ScoredRun], bool]) -> Share:
    by_task: dict[str, list[bool]] = {}
    for one in runs:
        by_task.setdefault(one.task, []).append(is_hit(one))
    return share_of(by_task)


def left_out(runs: Sequence[JudgedRun]) -> Iterator[tuple[list[JudgedRun], list[JudgedRun]]]:
    """Yields, for each family of tasks, the runs of all others and its own.

    Coefficients are fitted on the first and tested on the second.
    """
    for family in sorted({run.graded.label.family for run in runs}):
        own = [run for run in runs if run.graded.label.family == family]
        yield [run for run in runs if run.graded.label.family != family], own


def by_group(
    runs: Iterable[ScoredRun], group_of: Callable[[ScoredRun], str]
) -> Mapping[str, list[ScoredRun]]:
    """Returns the groups that have enough cases for a share."""
    groups: dict[str, list[ScoredRun]] = {}
    for one in runs:
        groups.setdefault(group_of(one), []).append(one)
    return {name: group for name, group in sorted(groups.items()) if len(group) >= MIN_CASES}


def detection(runs: Iterable[ScoredRun]) -> Share:
    """Returns the share of these runs with a lasting detection."""
    return _share(runs, is_detected)
