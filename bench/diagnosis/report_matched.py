"""The parts of RESULTS.md on runs whose job spec does not tell what is wrong."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from bench.diagnosis.bootstrap import Share, share_of
from bench.diagnosis.grading import Grade, solved_values, values_of
from bench.diagnosis.scoring import ScoredRun, is_leaf_first, scores
from bench.diagnosis.tables import table


def matched(by_judge: Mapping[str, Sequence[ScoredRun]]) -> str:
    """Causes where the job spec alone cannot tell: the same value solved, or two are unusual."""
    first = next(iter(by_judge.values()))
    solved = solved_values([one.run.graded for one in first])
    subsets: Mapping[str, Callable[[ScoredRun], bool]] = {
        "value solved elsewhere": lambda one: not solved.isdisjoint(values_of(one.run.graded)),
        "decoy beside": lambda one: bool(one.run.graded.label.decoy),
    }
    rows = []
    for name, is_in in subsets.items():
        for judge, runs in by_judge.items():
            found = scores([one for one in runs if is_in(one)])
            shares = (found.family_first, found.leaf_first, found.answered)
            rows.append((name, judge, *map(str, shares)))
    return (
        "## Where the job spec does not tell\n\n"
        "Failed runs whose unusual value solved the task in another run, and failed runs with a "
        "second unusual value that rarely harms.\n\n"
        + table(("runs", "judge", "family first", "leaf first", "answered"), rows)
    )


def pairs(by_judge: Mapping[str, Sequence[ScoredRun]]) -> str:
    """Returns how often both runs of a pair with the same unusual value are judged right."""
    rows = [(judge, str(pairs_right(runs))) for judge, runs in by_judge.items()]
    return (
        "## Pairs of a failed and a solved run with the same value\n\n"
        "A pair is right if the failed run is `sick` at its end with the right leaf first, and the "
        "solved one is not `sick`.\n\n" + table(("judge", "right pairs"), rows)
    )


def pairs_right(runs: Sequence[ScoredRun]) -> Share:
    """Returns the share of matched pairs of which both runs are judged right."""
    hits: dict[str, list[bool]] = {}
    for failed, solved in matched_pairs(runs):
        is_told = failed.opinions.last.is_sick and is_leaf_first(failed)
        hits.setdefault(failed.task, []).append(is_told and not solved.opinions.last.is_sick)
    return share_of(hits)


def matched_pairs(runs: Sequence[ScoredRun]) -> Iterator[tuple[ScoredRun, ScoredRun]]:
    """Yields a failed and a solved run with the very same value of the same field."""
    by_value: dict[tuple[str, float], dict[Grade, list[ScoredRun]]] = {}
    for one in runs:
        for value in values_of(one.run.graded):
            by_value.setdefault(value, {}).setdefault(one.run.graded.grade, []).append(one)
    for grades in by_value.values():
        # as many pairs as the rarer of the two has runs
        yield from zip(grades.get(Grade.FAILED, ()), grades.get(Grade.HEALTHY, ()), strict=False)
