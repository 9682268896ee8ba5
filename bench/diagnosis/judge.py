"""Judges every stored run at each share of its steps, by every judge, in several processes."""

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from app.domain.specs.job import JobSpec
from bench.diagnosis.grading import Graded, base_progress, graded
from bench.diagnosis.judges import JUDGES
from bench.diagnosis.opinions import SHARES, Judge, Opinions
from bench.diagnosis.stored import RUNS, StoredRun, read_file


@dataclass(frozen=True, kw_only=True)
class JudgedRun:
    """A run with all that was said of it."""

    graded: Graded
    spec: JobSpec
    #: By the judge's name.
    opinions: dict[str, Opinions]


def judge_run(run: StoredRun, judges: Sequence[Judge]) -> dict[str, Opinions]:
    """Each share is judged as if nothing later were known."""
    cases = {share: run.case_at(share) for share in SHARES}
    return {
        judge.name: Opinions(by_share={share: judge(case) for share, case in cases.items()})
        for judge in judges
    }


def judge_file(path: Path, judges: Sequence[Judge] = JUDGES) -> list[JudgedRun]:
    """Judges a file that holds the bases of its runs too; without them it judges none."""
    runs = list(read_file(path))
    bases = base_progress(runs)
    return [
        JudgedRun(
            graded=graded(run, bases[run.label.task]),
            spec=run.spec,
            opinions=judge_run(run, judges),
        )
        for run in runs
        if run.label.task in bases
    ]


def judge_folder(
    folder: Path = RUNS, judges: Sequence[Judge] = JUDGES, *, processes: int | None = None
) -> list[JudgedRun]:
    """Judges all files of a folder, the largest first."""
    paths = sorted(folder.glob("*.parquet"), key=lambda path: -path.stat().st_size)
    with ProcessPoolExecutor(processes or os.cpu_count()) as pool:
        parts: Iterable[list[JudgedRun]] = pool.map(partial(judge_file, judges=judges), paths)
        return [run for part in parts for run in part]
