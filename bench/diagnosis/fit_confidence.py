"""Fits how sure a diagnosis is, and writes the numbers beside the domain's code.

    OMP_NUM_THREADS=1 python -m bench.diagnosis.fit_confidence [--runs FOLDER]

Causes are ranked by models that saw no run of the family of tasks that they judge. The command also
prints how well numbers that were fitted without a family of tasks hold on it. Legend: N findings or
causes, S numbers.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from app.domain.diagnosis.cause import OUTCOMES
from app.domain.diagnosis.confidence import chances as confidence
from app.domain.diagnosis.confidence.chances import (
    Chances,
    OfCauses,
    OfFailing,
    OfNoHarm,
    log_odds,
)
from app.domain.diagnosis.confidence.of_findings import confidence_of, share_explained
from app.domain.diagnosis.findings import Severity
from app.domain.telemetry import DoubleArray
from bench.diagnosis.calibration import calibration
from bench.diagnosis.fit import held_out, honest
from bench.diagnosis.labels import LABELS, read_labels
from bench.diagnosis.samples import JudgedSample, judged_by, samples_of
from bench.diagnosis.stored import RUNS

CHANCES = Path(confidence.__file__).with_name("chances.json")
#: Of all weights but biases, towards 0.
RIDGE = 0.5
#: Weights that the fit starts from.
_START = (1.0, 1.0, 0.0, 0.5, -1.0, 1.0)
_LEAST = 1e-6
_DIGITS = 3
#: Confidences and whether they came true.
Rows = list[tuple[float, bool]]


def fitted(judged: Sequence[JudgedSample]) -> Chances:
    """Returns the numbers that fit best: nine of a dozen; the others are of the ranking itself."""
    seen = _share_seen(judged)
    found = _fitted_together(judged, seen)
    bias, slope, *failing = (round(float(one), _DIGITS) for one in found)
    names = ("bias", "decided", "level_left", "active_left")
    return Chances(
        causes=OfCauses(bias=bias, slope=slope),
        failing=OfFailing(seen=seen, **dict(zip(names, failing, strict=True))),
        no_harm=_of_no_harm(judged),
    )


def _share_seen(judged: Sequence[JudgedSample]) -> float:
    """Returns the share of runs with a critical finding that failed.

    One of each is added, so that no run is certain to fail.
    """
    seen = [one.sample.has_failed for one in judged if one.sample.marks.has_failed]
    return round((sum(seen) + 1) / (len(seen) + 2), _DIGITS)


def _fitted_together(judged: Sequence[JudgedSample], seen: float) -> DoubleArray:
    """Fits bias and slope of causes, and the weights of failing, to all findings and causes.

    A finding is right if its run fails and its causes are: neither alone has a label.
    """
    found_NS, is_right_N = _findings(judged)
    causes = [row for one in judged for row in one.causes()]
    odds_N = np.array([log_odds(share) for share, _ in causes])
    is_cause_N = np.array([true for _, true in causes], dtype=np.float64)

    def loss(free_S: DoubleArray) -> float:
        of_findings = _surprise(_confidence(free_S, found_NS, seen), is_right_N)
        of_causes = _surprise(_logistic(free_S[0] + free_S[1] * odds_N), is_cause_N)
        return of_findings + of_causes + RIDGE / 2 * float((free_S[[1, 3, 4, 5]] ** 2).sum())

    best: DoubleArray = minimize(loss, np.array(_START)).x
    return best


def _findings(judged: Sequence[JudgedSample]) -> tuple[DoubleArray, DoubleArray]:
    """Returns (N, 7) what the confidence of a finding depends on, and (N,) whether it is right."""
    rows, came_true = [], []
    for one in judged:
        marks = one.sample.marks
        for finding in one.sample.findings:
            if not finding.matters:
                continue
            is_outcome = finding.code in OUTCOMES
            is_seen = finding.severity is Severity.CRITICAL and not is_outcome
            rows.append(
                (
                    marks.has_failed,
                    is_seen,
                    is_outcome,
                    log_odds(share_explained(finding.code, one.ranked)),
                    log_odds(one.largest_share),
                    marks.level_left,
                    marks.active_left,
                )
            )
            came_true.append(one.sample.is_true(finding))
    return np.array(rows, dtype=np.float64), np.array(came_true, dtype=np.float64)


def _confidence(free_S: DoubleArray, found_NS: DoubleArray, seen: float) -> DoubleArray:
    """Returns the (N,) confidences of findings, as `of_findings` of the domain."""
    has_failed_N, is_seen_N, is_outcome_N, explained_N, largest_N, level_N, active_N = found_NS.T
    why_N = np.where(is_outcome_N > 0, 1.0, _logistic(free_S[0] + free_S[1] * explained_N))
    open_N = _logistic(
        free_S[2] + free_S[3] * largest_N + free_S[4] * level_N + free_S[5] * active_N
    )
    failing_N = np.where(is_seen_N > 0, 1.0, np.where(has_failed_N > 0, seen, open_N))
    confidence_N: DoubleArray = failing_N * why_N
    return confidence_N


def _of_no_harm(judged: Sequence[JudgedSample]) -> OfNoHarm:
    rows = [
        (one.sample.marks.share, not one.sample.is_true(finding))
        for one in judged
        if not one.sample.matters
        for finding in one.sample.findings
    ]
    shares_N = np.array([share for share, _ in rows])
    true_N = np.array([true for _, true in rows], dtype=np.float64)

    def loss(free_S: DoubleArray) -> float:
        surprise = _surprise(_logistic(free_S[0] + free_S[1] * shares_N), true_N)
        return surprise + RIDGE / 2 * float(free_S[1] ** 2)

    bias, share = (round(float(one), _DIGITS) for one in minimize(loss, np.zeros(2)).x)
    return OfNoHarm(bias=bias, share=share)


def _logistic(scores_N: DoubleArray) -> DoubleArray:
    chances_N: DoubleArray = 1 / (1 + np.exp(-scores_N))
    return chances_N


def _surprise(chances_N: DoubleArray, came_true_N: DoubleArray) -> float:
    kept_N = np.clip(chances_N, _LEAST, 1 - _LEAST)
    return -float(np.log(np.where(came_true_N > 0, kept_N, 1 - kept_N)).sum())


def evaluation(judged: Sequence[JudgedSample]) -> Iterator[str]:
    """Yields the errors of calibration on each family of tasks, by numbers fitted to the others."""
    all_causes: Rows = []
    all_findings: Rows = []
    for family in sorted({one.sample.example.family for one in judged}):
        chances = fitted([one for one in judged if one.sample.example.family != family])
        own = [one for one in judged if one.sample.example.family == family]
        causes = [_first(one, chances) for one in own if any(one.causes())]
        findings = [row for one in own for row in _of_findings(one, chances)]
        yield f"{family:<12} first causes {_told(causes)}, findings {_told(findings)}"
        all_causes, all_findings = all_causes + causes, all_findings + findings
    yield f"{'all':<12} first causes {_told(all_causes)}, findings {_told(all_findings)}"


def _first(judged: JudgedSample, chances: Chances) -> tuple[float, bool]:
    share, is_right = next(judged.causes())
    return chances.causes.chance(share), is_right


def _of_findings(judged: JudgedSample, chances: Chances) -> Iterator[tuple[float, bool]]:
    """Yields the confidence of each finding that matters, and whether it is right."""
    sample = judged.sample
    for one in sample.findings:
        if one.matters:
            value = confidence_of(one, sample.marks, ranked=judged.ranked, chances=chances)
            yield value, sample.is_true(one)


def _told(rows: Rows) -> str:
    found = calibration([value for value, _ in rows], [true for _, true in rows])
    if found is None:
        return "too few"
    return f"{found.error:.3f} ({found.floor:.3f} by chance) of {found.cases}"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=Path, default=RUNS)
    parser.add_argument("--labels", type=Path, default=LABELS)
    parser.add_argument("--to", type=Path, default=CHANCES)
    chosen = parser.parse_args()
    labels = read_labels(chosen.labels)
    paths = sorted(chosen.runs.glob("*.parquet"))
    samples = [one for path in paths for one in samples_of(path, labels)]
    examples = [one.example for one in samples if one.has_failed and one.example.leaves]
    judged = judged_by(honest(examples, held_out(examples)), samples)
    for line in evaluation(judged):
        print(line)
    chosen.to.write_text(fitted(judged).model_dump_json(indent=1) + "\n")
    print(f"fitted to {len(judged)} samples; see {chosen.to}")


if __name__ == "__main__":
    main()
