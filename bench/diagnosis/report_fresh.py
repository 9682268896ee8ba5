"""Judges a fresh test set by the rules as they are shipped, and writes FRESH.md.

    python -m bench.diagnosis.train --plan COMMIT --most 640 --to FOLDER
    python -m bench.diagnosis.pack --of FOLDER --to PACKED
    python -m bench.diagnosis.report_fresh --runs PACKED

Nothing of it was seen when thresholds and coefficients were set: the plan derives from the hash of
the commit that froze them.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from bench.diagnosis.bootstrap import Share, share_of
from bench.diagnosis.grading import Grade
from bench.diagnosis.judge import JudgedRun, judge_folder
from bench.diagnosis.judges.clinic import CLINIC
from bench.diagnosis.report_causes import confidence, confidence_by_share, confusions, words
from bench.diagnosis.report_matched import pairs_right
from bench.diagnosis.scoring import (
    ScoredRun,
    Scores,
    by_group,
    is_leaf_first,
    scored,
    scores,
)
from bench.diagnosis.spec_only import NAME, with_spec_only
from bench.diagnosis.tables import table

PAGE = Path(__file__).parent / "FRESH.md"
#: Part of the runs whose first causes have the largest probabilities.
SUREST = 0.6


def page(runs: Sequence[JudgedRun], *, plan: str) -> str:
    """Returns the text of FRESH.md."""
    ours, guessed = (scored(runs, judge, {}) for judge in (CLINIC.name, NAME))
    found, spec_only = scores(ours), scores(guessed)
    rows = [
        (name, target, str(share), str(other))
        for (name, target, share), (_, _, other) in zip(
            _figures(found, ours), _figures(spec_only, guessed), strict=True
        )
    ]
    return f"""\
# Results on a fresh test set

Written by `python -m bench.diagnosis.report_fresh`. {len(runs)} runs of the plan of the commit
`{plan[:12]}`, trained after it and judged by the rules as they are shipped. Causes are the
injected ones. Each share is followed by its 95 % interval, from a bootstrap over base tasks.
The spec alone is a classifier that reads the job spec of the runs of the other families of tasks.

{table(("figure", "target", "this service", "spec alone"), rows)}
{_detection_time(found)}
## By family of tasks

{_families(ours)}
{confusions(ours)}
{confidence(ours)}

{confidence_by_share(ours)}
{words(ours)}"""


def _figures(found: Scores, runs: Sequence[ScoredRun]) -> list[tuple[str, str, Share]]:
    return [
        ("lasting detection, total failures", "≥ 98 %", found.detected_total),
        ("lasting detection, partial failures", "≥ 75 %", found.detected_partial),
        ("found in the first fifth", "≥ 50 %", found.detected_early),
        ("findings' codes right", "≥ 90 %", found.code_right),
        ("healthy `sick` at any share", "≤ 4 %", found.false_alarm_any),
        ("healthy `sick` at the end", "≤ 2 %", found.false_alarm_end),
        ("healthy `at_risk` at the end", "≤ 8 %", found.at_risk_end),
        ("cause: family first", "≥ 80 %", found.family_first),
        ("cause: leaf first", "≥ 65 %", found.leaf_first),
        ("cause: leaf among three", "≥ 85 %", found.leaf_in_three),
        ("cause: leaf right, surest 60 %", "≥ 90 %", _surest(runs)),
        (
            "pairs with the same value, both right",
            "",
            pairs_right(runs),
        ),
    ]


def _detection_time(found: Scores) -> str:
    """Returns the median time of lasting detection, of the failed runs that were detected."""
    if found.median_time is None:
        return ""
    return f"Lasting detection begins in the median at {found.median_time:.0%} of the steps.\n"


def _surest(runs: Sequence[ScoredRun]) -> Share:
    """Precision on the runs whose first cause is the most probable."""
    caused = [one for one in runs if one.run.graded.grade is Grade.FAILED and one.leaves]
    caused.sort(key=lambda one: -(one.opinions.last.cause_probability or 0.0))
    hits: dict[str, list[bool]] = {}
    for one in caused[: round(SUREST * len(caused))]:
        hits.setdefault(one.task, []).append(is_leaf_first(one))
    return share_of(hits)


def _families(runs: Sequence[ScoredRun]) -> str:
    rows = []
    for name, group in by_group(runs, lambda one: one.run.graded.label.family).items():
        found = scores(group)
        shares = (
            found.detected_total,
            found.detected_partial,
            found.false_alarm_end,
            found.family_first,
            found.leaf_first,
        )
        rows.append((name, *map(str, shares)))
    columns = ("family of tasks", "total", "partial", "healthy `sick` at the end", "family", "leaf")
    return table(columns, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--to", type=Path, default=PAGE)
    chosen = parser.parse_args()
    runs = with_spec_only(judge_folder(chosen.runs, (CLINIC,)))
    plan = runs[0].graded.label.plan
    chosen.to.write_text(page(runs, plan=plan))
    print(f"{len(runs)} runs judged; see {chosen.to}")


if __name__ == "__main__":
    main()
