"""Scores the outlook and writes OUTLOOK.md.

    python -m bench.diagnosis.report_outlook --fresh PACKED [--runs FOLDER]

The calibration runs are judged by models that saw no run of the same family of tasks, the fresh
ones by the coefficients as they are shipped. Persistence is the forecast that nothing changes: the
lower the present level, the likelier the run ends no better than its baseline.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.diagnosis.outlook.model import MODEL, Foreseen, OutlookModel
from app.domain.telemetry import DoubleArray
from bench.diagnosis.bootstrap import Share, share_of
from bench.diagnosis.calibration import calibration
from bench.diagnosis.fit_outlook import fitted
from bench.diagnosis.outlook_example import SEEN_SHARES, Seen, seen_in
from bench.diagnosis.stored import RUNS
from bench.diagnosis.tables import table

PAGE = Path(__file__).parent / "OUTLOOK.md"
_COLUMNS = (
    "share",
    "undecided runs",
    "of these end no better",
    "AUC",
    "AUC of persistence",
    "80 % interval covers, all runs",
    "undecided ones",
    "error of the expected score",
    "of persistence",
)


@dataclass(frozen=True, kw_only=True)
class Foretold:
    """A run at one share, and what was foreseen of it."""

    seen: Seen
    foreseen: Foreseen

    @property
    def is_covered(self) -> bool:
        low, _, high = self.foreseen.heights
        return low <= self.seen.end_height <= high


def foretold(model: OutlookModel, examples: Sequence[Seen]) -> list[Foretold]:
    return [Foretold(seen=one, foreseen=model.foresee(one.view)) for one in examples]


def without_family(examples: Sequence[Seen]) -> list[Foretold]:
    """Returns what models foresee that saw no run of the same family of tasks."""
    found = []
    for family in sorted({one.family for one in examples}):
        model = fitted([one for one in examples if one.family != family])
        found += foretold(model, [one for one in examples if one.family == family])
    return found


def area_under_curve(scores_N: DoubleArray, is_case_N: NDArray[np.bool_]) -> float:
    """Returns the probability that a case has a higher score than another run; ties count half."""
    cases, others = scores_N[is_case_N], np.sort(scores_N[~is_case_N])
    if not cases.size or not others.size:
        return float("nan")
    below = np.searchsorted(others, cases, side="left")
    equal = np.searchsorted(others, cases, side="right") - below
    return float((below + equal / 2).mean() / others.size)


def page(calibration_runs: Sequence[Foretold], fresh: Sequence[Foretold]) -> str:
    """Returns the text of OUTLOOK.md."""
    return f"""\
# The outlook

Written by `python -m bench.diagnosis.report_outlook`. A run is undecided while its score is not as
good as the task allows. Coverage has its 95 % interval, from a bootstrap over base tasks, and the
number of runs. Errors are median distances of the score at the end from the expected one, as a
factor of the distance to the best possible score.

## Fresh runs, by the shipped coefficients

{part(fresh)}
## Calibration runs, by models that saw no run of the same family of tasks

{part(calibration_runs)}"""


def part(runs: Sequence[Foretold]) -> str:
    groups = {share: [one for one in runs if one.seen.share == share] for share in SEEN_SHARES}
    rows = [_row(share, group) for share, group in groups.items() if group]
    return f"{table(_COLUMNS, rows)}\n{_calibration(runs)}\n"


def _row(share: float, runs: Sequence[Foretold]) -> tuple[str, ...]:
    undecided = [one for one in runs if one.seen.is_undecided]
    is_case_N = np.array([one.seen.ended_no_better for one in undecided], dtype=np.bool_)
    ours = np.array([one.foreseen.no_better for one in undecided])
    level = np.array([one.seen.level for one in undecided])
    errors = [abs(one.seen.end_height - one.foreseen.heights[1]) for one in runs]
    changes = [abs(one.seen.end_height - one.seen.view.height) for one in runs]
    return (
        f"{share:.0%}",
        str(len(undecided)),
        str(int(is_case_N.sum())),
        f"{area_under_curve(ours, is_case_N):.3f}",
        f"{area_under_curve(-level, is_case_N):.3f}",
        str(_covered(runs)),
        str(_covered(undecided)),
        f"{np.exp(np.median(errors)):.2f}",
        f"{np.exp(np.median(changes)):.2f}",
    )


def _covered(runs: Sequence[Foretold]) -> Share:
    hits: dict[str, list[bool]] = {}
    for one in runs:
        hits.setdefault(one.seen.task, []).append(one.is_covered)
    return share_of(hits)


def _calibration(runs: Sequence[Foretold]) -> str:
    """Whether the probability means its number, at a quarter of the steps."""
    chosen = [one for one in runs if one.seen.share == SEEN_SHARES[3]]
    found = calibration(
        [one.foreseen.no_better for one in chosen], [one.seen.ended_no_better for one in chosen]
    )
    if found is None:
        return "Too few runs for a calibration."
    return (
        f"At {SEEN_SHARES[3]:.0%} of the steps: Brier score {found.brier:.3f}; mean error in four "
        f"bins of equal count {found.error:.3f}, of which perfectly calibrated probabilities would "
        f"have {found.floor:.3f} by chance."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=Path, default=RUNS)
    parser.add_argument("--fresh", type=Path, required=True)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--to", type=Path, default=PAGE)
    chosen = parser.parse_args()
    known = seen_in(chosen.runs, processes=chosen.processes)
    fresh = seen_in(chosen.fresh, processes=chosen.processes)
    chosen.to.write_text(page(without_family(known), foretold(MODEL, fresh)))
    print(f"{len(known)} and {len(fresh)} examples; see {chosen.to}")


if __name__ == "__main__":
    main()
