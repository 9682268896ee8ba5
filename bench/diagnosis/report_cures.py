"""Writes CURES.md: how often the advice of the service cures runs of a fresh test set.

    python -m bench.diagnosis.report_cures [--cures FILE] [--to PAGE]

The results are those of `bench.diagnosis.cures`.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median

import numpy as np

from app.domain.diagnosis.prescribe import NO_SIGNAL
from bench.diagnosis.bootstrap import LEVEL, NUM_RESAMPLES, Share, share_of
from bench.diagnosis.cures import CURES, MAX_COST, Attempt, Course, is_cured, read_courses
from bench.diagnosis.tables import table

PAGE = Path(__file__).parent / "CURES.md"


def page(courses: Sequence[Course]) -> str:
    """Returns the text of CURES.md."""
    sick = [one for one in courses if one.is_control_sick]
    curable = [one for one in sick if NO_SIGNAL not in one.causes]
    return f"""\
# Cures on a fresh test set

Written by `python -m bench.diagnosis.report_cures` from what `python -m bench.diagnosis.cures
--runs PACKED` trained. These are {len(courses)} runs that made less than half of their base's
progress; no threshold, coefficient or amount was fitted to them. The control is the same spec on
the same data with three fresh seeds: of {len(courses)} runs {len(sick)} stay sick. A remedy cures
where the median test score over the same three seeds makes 0.8 of the base's progress. Each share
is followed by its 95 % interval, from a bootstrap over base tasks. What random data hide no remedy
can cure: runs with `no_signal` among their causes count in their own rows only. A remedy that
changes the loss or the scale is scored against the baseline in its own metric.

{table(("figure", "target", "measured"), list(_figures(courses, sick, curable)))}
## By injected cause

{_by_cause(sick)}
## By remedy that was advised first

{_by_remedy(curable)}
Medians, in times the control's. The cost is the time that the service estimates for a spec: longer
sequences, larger batches and networks cost more.

## What no remedy cured

{_uncured(curable)}"""


def _figures(
    courses: Sequence[Course], sick: Sequence[Course], curable: Sequence[Course]
) -> Iterator[tuple[str, str, str]]:
    yield "first remedy cures", "≥ 60 %", str(_share(curable, first_cures))
    yield "one of the first three cures", "≥ 80 %", str(_share(curable, any_cures))
    yield "the same patch for all cures", "", str(_share(curable, universal_cures))
    yield "first remedy less the patch for all", "≥ 15 points", _difference(curable)
    alone = [one for one in courses if one.causes == (NO_SIGNAL,)]
    nothing = _share(alone, lambda one: not one.num_offered)
    yield "nothing is offered for `no_signal`", "≥ 80 %", str(nothing)
    yield "first remedy cures, `no_signal` too", "", str(_share(sick, first_cures))
    yield "one of three cures, `no_signal` too", "", str(_share(sick, any_cures))
    yield "first remedy cures in the steps of the run", "", str(_share(curable, _cures_in_steps))
    within = _share(curable, _cures_within_cost)
    yield f"first remedy cures at {MAX_COST} times the cost at most", "", str(within)
    yield "first remedy cures, and more steps alone do not", "", str(_share(curable, _is_no_wait))
    yield "something is offered", "", str(_share(curable, lambda one: one.num_offered > 0))
    cured = _share(courses, lambda one: not one.is_control_sick)
    yield "control is cured by fresh seeds alone", "", str(cured)


def first_cures(course: Course) -> bool:
    return bool(course.remedies) and course.remedies[0].is_cure


def any_cures(course: Course) -> bool:
    return any(one.is_cure for one in course.remedies)


def universal_cures(course: Course) -> bool:
    return course.universal is not None and course.universal.is_cure


def _cures_in_steps(course: Course) -> bool:
    return first_cures(course) and not course.remedies[0].is_longer


def _cures_within_cost(course: Course) -> bool:
    return first_cures(course) and course.remedies[0].cost <= MAX_COST


def _is_no_wait(course: Course) -> bool:
    return first_cures(course) and not is_cured(course.remedies[0].longer_control)


def _share(courses: Sequence[Course], is_hit: Callable[[Course], bool]) -> Share:
    hits: dict[str, list[bool]] = {}
    for one in courses:
        hits.setdefault(one.task, []).append(is_hit(one))
    return share_of(hits)


def _difference(courses: Sequence[Course], *, seed: int = 0) -> str:
    """Returns the paired difference in points with its interval over resampled tasks."""
    tasks = sorted({one.task for one in courses})
    if not tasks:
        return "no cases"
    own = [[one for one in courses if one.task == task] for task in tasks]
    gains_K = np.array(
        [sum(first_cures(one) - universal_cures(one) for one in group) for group in own]
    )
    counts_K = np.array([len(group) for group in own])
    chosen_RK = np.random.default_rng(seed).integers(0, len(tasks), (NUM_RESAMPLES, len(tasks)))
    points_R = 100 * gains_K[chosen_RK].sum(axis=1) / counts_K[chosen_RK].sum(axis=1)
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(points_R, [tail, 1 - tail])
    return f"{100 * gains_K.sum() / counts_K.sum():.0f} points [{low:.0f}, {high:.0f}]"


def _by_cause(sick: Sequence[Course]) -> str:
    rows = []
    names = {"+".join(one.causes) for one in sick}
    groups = {name: [one for one in sick if "+".join(one.causes) == name] for name in names}
    for name, group in sorted(groups.items(), key=lambda one: (-len(one[1]), one[0])):
        counts = (sum(map(hit, group)) for hit in (first_cures, any_cures, universal_cures))
        before = median(median(one.control) for one in group)
        after = [median(one.remedies[0].progress) for one in group if _has_progress(one)]
        shown = f"{median(after):.2f}" if after else "none"
        rows.append((name or "none", str(len(group)), *map(str, counts), f"{before:.2f}", shown))
    columns = (
        "injected",
        "runs",
        "first cures",
        "one of three cures",
        "patch for all cures",
        "progress of the control",
        "progress with the first remedy",
    )
    return table(columns, rows)


def _has_progress(course: Course) -> bool:
    return bool(course.remedies) and bool(course.remedies[0].progress)


def _by_remedy(curable: Sequence[Course]) -> str:
    firsts = [one.remedies[0] for one in curable if one.remedies]
    rows = []
    for kind in sorted({one.kind for one in firsts}):
        own = [one for one in firsts if one.kind == kind]
        cured = sum(one.is_cure for one in own)
        times = (f"{median(values):.1f}" for values in _times(own))
        rows.append((kind, str(len(own)), str(cured), *times))
    return table(("remedy", "first for", "cured", "times the steps", "times the cost"), rows)


def _times(attempts: Sequence[Attempt]) -> tuple[list[float], list[float]]:
    return [one.steps for one in attempts], [one.cost for one in attempts]


def _uncured(curable: Sequence[Course]) -> str:
    rows = [
        (
            one.task,
            "+".join(one.causes) or "none",
            one.named or "none",
            ", ".join(map(_tried, one.remedies)) or "nothing offered",
        )
        for one in sorted(curable, key=lambda one: (one.causes, one.task, one.key))
        if not any_cures(one)
    ]
    return table(("task", "injected", "named first", "tried, with median progress"), rows)


def _tried(attempt: Attempt) -> str:
    shown = f"{median(attempt.progress):.2f}" if attempt.progress else "too long"
    return f"{attempt.kind} {shown}"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cures", type=Path, default=CURES)
    parser.add_argument("--to", type=Path, default=PAGE)
    chosen = parser.parse_args()
    chosen.to.write_text(page(read_courses(chosen.cures)))


if __name__ == "__main__":
    main()
