"""Writes RESULTS.md: every judge's scores, with intervals, and a line for each release.

python -m bench.diagnosis.report [--runs FOLDER] [--release NAME]
"""

import argparse
import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from app.domain.diagnosis.engine import RULES_VERSION
from bench.diagnosis import report_causes, report_labels, report_matched, report_ranking
from bench.diagnosis.example import Example, read_examples
from bench.diagnosis.grading import Grade, Graded, values_of
from bench.diagnosis.judge import JudgedRun, judge_folder
from bench.diagnosis.labels import LABELS, Diagnosed, read_labels
from bench.diagnosis.left_out import with_answers, without_family
from bench.diagnosis.opinions import SHARES
from bench.diagnosis.remedies import TREATMENTS, Treatment, read_treatments
from bench.diagnosis.scoring import ScoredRun, Scores, by_group, detection, scored, scores
from bench.diagnosis.spec_only import with_spec_only
from bench.diagnosis.stored import RUNS, read_runs
from bench.diagnosis.tables import table

RESULTS = Path(__file__).parent / "RESULTS.md"
HISTORY = Path(__file__).parent / "history.jsonl"
_INTRODUCTION = """\
# Results of the diagnosis benchmark

Written by `make bench-diagnosis`. Each share is followed by its 95 % interval, from a bootstrap
over base tasks, and by the number of cases. Groups of fewer than 20 cases have no share.

A run failed where its test score made less than half of its base's progress over the baseline, and
is healthy from 0.8 on; what lies between is not scored. Runs are judged at {shares}
of their steps, each time without anything later. A detection is lasting if every later judgement
is `sick` too. No answer counts as a wrong cause; `answered` is the share of failed runs with an
answer. The cause of a run whose fault was confirmed is that of any single change that cured it;
otherwise the injected one. Causes of this service come from coefficients that were fitted without
the run's family of tasks; the shipped ones are fitted to all runs.
"""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """All runs, all opinions and the labels."""

    runs: Sequence[JudgedRun]
    labels: Mapping[str, Diagnosed]
    treatments: Sequence[Treatment]
    #: What the ranking of causes is fitted to.
    examples: Sequence[Example] = ()

    @property
    def judges(self) -> tuple[str, ...]:
        return tuple(self.runs[0].opinions)

    def scored(self, judge: str) -> list[ScoredRun]:
        return scored(self.runs, judge, self.labels)


def page(judged: Judged, history: Sequence[Mapping[str, object]], *, seconds: float) -> str:
    """Returns the text of RESULTS.md."""
    shares = ", ".join(f"{share:.0%}" for share in SHARES)
    by_judge = {judge: judged.scored(judge) for judge in judged.judges}
    ours = by_judge[judged.judges[0]]
    parts = [
        _INTRODUCTION.format(shares=shares),
        _runs_part([run.graded for run in judged.runs], seconds=seconds),
        _tables_of(judged),
        report_matched.matched(by_judge),
        report_matched.pairs(by_judge),
        *(
            [report_ranking.ranking_part(judged.examples, _kinds(judged))]
            if judged.examples
            else []
        ),
        _strengths(ours),
        _families_left_out(ours),
        report_causes.confusions(ours),
        report_causes.confidence(ours),
        report_labels.agreement([run.graded for run in judged.runs], judged.labels),
        report_labels.cures([run.graded for run in judged.runs], judged.treatments),
        _history_part(history),
    ]
    return "\n".join(part.rstrip() + "\n" for part in parts)


def _kinds(judged: Judged) -> Mapping[str, frozenset[str]]:
    graded = [run.graded for run in judged.runs]
    return {one.key: frozenset(i.kind for i in one.label.injected) for one in graded}


def _runs_part(runs: Sequence[Graded], *, seconds: float) -> str:
    grades = Counter(run.grade for run in runs)
    healthy = [run for run in runs if run.grade is Grade.HEALTHY]
    late = sum(run.is_late for run in healthy)
    total = sum(run.is_total for run in runs)
    double = sum(len(run.label.injected) > 1 for run in runs if run.grade is Grade.FAILED)
    mean_s = sum(run.seconds for run in runs) / len(runs)
    longest_s = max(run.seconds for run in runs)
    return f"""\
## The runs

{len(runs)} runs of {len({run.label.task for run in runs})} tasks in
{len({run.label.family for run in runs})} families: {grades[Grade.HEALTHY]} healthy
({grades[Grade.HEALTHY] / len(runs):.0%}), {grades[Grade.GREY]} grey, {grades[Grade.FAILED]} failed,
{total} of them totally and {double} with two faults. Of the healthy ones {late / len(healthy):.0%}
reached half of their progress only after a third of their steps. A run took {mean_s:.1f} s to
train on average and {longest_s:.1f} s at most (loaded machine), and judging all of them by every
judge took {seconds:.0f} s.

{_twin_part(runs)}"""


def _twin_part(runs: Sequence[Graded]) -> str:
    """How many solved runs have the same unusual value as failed ones."""
    failed, healthy = (
        Counter(value for run in runs if run.grade is grade for value in values_of(run))
        for grade in (Grade.FAILED, Grade.HEALTHY)
    )
    matched = sum(min(count, healthy[value]) for value, count in failed.items())
    return f"""\
Of the runs with one fault {failed.total()} failed and {healthy.total()} solved their task in spite
of it; {matched} pairs of a failed and a solved run have the very same value of the same field."""


def _tables_of(judged: Judged) -> str:
    found = {judge: scores(judged.scored(judge)) for judge in judged.judges}
    return f"""\
## Detection, by all judges

{table(_DETECTION, [_detection(judge, one) for judge, one in found.items()])}
## Causes of failed runs at the end, by all judges

{table(_CAUSES, [_causes(judge, one) for judge, one in found.items()])}"""


_DETECTION = (
    "judge",
    "total failure found",
    "partial failure found",
    "found in the first fifth",
    "median time",
    "healthy run `sick` at any share",
    "at two in succession",
    "at the end",
    "`at_risk` at the end",
)
_CAUSES = (
    "judge",
    "family first",
    "leaf first",
    "leaf among three",
    "answered",
    "finding right",
)


def _detection(judge: str, found: Scores) -> tuple[str, ...]:
    return (
        judge,
        str(found.detected_total),
        str(found.detected_partial),
        str(found.detected_early),
        "–" if found.median_time is None else f"{found.median_time:.0%}",
        str(found.false_alarm_any),
        str(found.false_alarm_twice),
        str(found.false_alarm_end),
        str(found.at_risk_end),
    )


def _causes(judge: str, found: Scores) -> tuple[str, ...]:
    return (
        judge,
        str(found.family_first),
        str(found.leaf_first),
        str(found.leaf_in_three),
        str(found.answered),
        str(found.code_right) if found.code_right.hits else "–",
    )


def _strengths(ours: Sequence[ScoredRun]) -> str:
    """Detection of failed runs by the strength of their fault."""
    failed = [
        one
        for one in ours
        if one.run.graded.grade is Grade.FAILED and one.run.graded.label.injected
    ]
    groups = by_group(failed, _strength)
    rows = [(name, str(detection(group))) for name, group in groups.items()]
    return "## Detection by strength\n\n" + table(("strength", "found"), rows)


def _strength(one: ScoredRun) -> str:
    injected = one.run.graded.label.injected
    if len(injected) > 1:
        return "two faults"
    return f"{injected[0].strength + 1} of {injected[0].num_strengths}"


def _families_left_out(ours: Sequence[ScoredRun]) -> str:
    """Scores on each family of tasks; coefficients must come from the others."""
    groups = by_group(ours, lambda one: one.run.graded.label.family)
    rows = []
    for name, group in groups.items():
        found = scores(group)
        rows.append(
            (
                name,
                str(found.detected_total),
                str(found.false_alarm_any),
                str(found.family_first),
                str(found.leaf_first),
            )
        )
    columns = ("family of tasks", "total failure found", "healthy run `sick`", "family", "leaf")
    return "## This service on each family of tasks\n\n" + table(columns, rows)


def _history_part(history: Sequence[Mapping[str, object]]) -> str:
    columns = ("release", "rules", "runs", "total", "partial", "false alarms", "family", "leaf")
    rows = [tuple(str(line.get(name, "–")) for name in columns) for line in history]
    return "## This service, release by release\n\n" + table(columns, rows)


def line_of(judged: Judged, release: str) -> Mapping[str, object]:
    """Returns the line of this release in the history."""
    found = scores(judged.scored(judged.judges[0]))
    return {
        "release": release,
        "rules": RULES_VERSION,
        "runs": len(judged.runs),
        "total": str(found.detected_total),
        "partial": str(found.detected_partial),
        "false alarms": str(found.false_alarm_any),
        "family": str(found.family_first),
        "leaf": str(found.leaf_first),
    }


def _history(path: Path, line: Mapping[str, object]) -> list[Mapping[str, object]]:
    """Reads the lines of earlier releases and puts this one's in place of one of the same name."""
    lines: list[Mapping[str, object]] = []
    if path.exists():
        lines = [json.loads(text) for text in path.read_text().splitlines()]
    kept = [one for one in lines if one["release"] != line["release"]]
    return [*kept, line]


def _lines(history: Sequence[Mapping[str, object]]) -> Iterator[str]:
    for line in history:
        yield json.dumps(line, ensure_ascii=False) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=Path, default=RUNS)
    parser.add_argument("--labels", type=Path, default=LABELS)
    parser.add_argument("--treatments", type=Path, default=TREATMENTS)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--history", type=Path, default=HISTORY)
    parser.add_argument("--release", default=f"{datetime.now(UTC):%Y-%m-%d}")
    chosen = parser.parse_args()
    started = time.perf_counter()
    labels = read_labels(chosen.labels)
    examples = read_examples(read_runs(chosen.runs), labels)
    judged = Judged(
        runs=with_answers(with_spec_only(judge_folder(chosen.runs)), without_family(examples)),
        labels=labels,
        treatments=read_treatments(chosen.treatments),
        examples=examples,
    )
    seconds = time.perf_counter() - started
    history = _history(chosen.history, line_of(judged, chosen.release))
    chosen.history.write_text("".join(_lines(history)))
    chosen.results.write_text(page(judged, history, seconds=seconds))
    print(f"{len(judged.runs)} runs judged in {seconds:.0f} s; see {chosen.results}")


if __name__ == "__main__":
    main()
