"""What the outlook is fitted to and tested on: what runs showed at a share, and how they ended."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.detectors import DETECTORS
from app.domain.diagnosis.findings import Finding
from app.domain.diagnosis.outcome import Outcome, outcome_of
from app.domain.diagnosis.outlook.features import features, share_of_rate_ahead
from app.domain.diagnosis.outlook.model import View
from app.domain.diagnosis.outlook.scale import scale_of
from app.domain.diagnosis.standing import Standing
from bench.diagnosis.opinions import SHARES
from bench.diagnosis.stored import StoredRun, read_file

#: Shares of the steps at which runs are seen: all at which they are judged, but for the end.
SEEN_SHARES = SHARES[:-1]
_NO_BETTER = (Standing.AT_FLOOR, Standing.OPEN)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A run at one share of its steps, and how it ended."""

    key: str
    #: The base task, and its family.
    task: str
    family: str
    share: float
    view: View
    #: The level now: 0 at the baseline, 1 at what the task allows.
    level: float
    #: Whether its score was not yet as expected.
    is_undecided: bool
    ended_no_better: bool
    ended_not_learned: bool
    #: Height of the score at the end.
    end_height: float


def seen_in(folder: Path, *, processes: int) -> tuple[Seen, ...]:
    """Returns every run of a folder at every share at which it still ran and had a score."""
    paths = sorted(folder.glob("*.parquet"), key=lambda path: -path.stat().st_size)
    with ProcessPoolExecutor(processes) as pool:
        return tuple(chain.from_iterable(pool.map(_of_file, paths)))


def _of_file(path: Path) -> list[Seen]:
    return list(seen_of(read_file(path)))


def seen_of(runs: Iterable[StoredRun]) -> Iterator[Seen]:
    for run in runs:
        ended = outcome_of(run.case_at(1.0))
        if ended is not None:
            yield from _of_run(run, ended)


def _of_run(run: StoredRun, ended: Outcome) -> Iterator[Seen]:
    standing = ended.judged.standing
    for share in SEEN_SHARES:
        case = run.case_at(share)
        outcome = outcome_of(case)
        scale = None if outcome is None else scale_of(case, outcome.judged)
        if case.has_ended or outcome is None or scale is None:
            continue
        judged = outcome.judged
        yield Seen(
            key=run.key,
            task=run.label.task,
            family=run.label.family,
            share=share,
            view=View(
                features=features(case, outcome, findings_of(case)),
                height=scale.height_of(judged.score),
                expected_height=None
                if judged.expected is None
                else scale.height_of(judged.expected.score),
                rate_ahead=share_of_rate_ahead(case),
            ),
            level=float(judged.improvements_of(judged.scores_n[-1:])[0]),
            is_undecided=not judged.has_learned,
            ended_no_better=standing in _NO_BETTER,
            ended_not_learned=standing in {*_NO_BETTER, Standing.BEHIND},
            end_height=scale.height_of(ended.judged.score),
        )


def findings_of(case: Case) -> list[Finding]:
    """Returns what the detectors find."""
    found = (card.examine(case) for card in DETECTORS)
    return [one for one in found if isinstance(one, Finding)]
