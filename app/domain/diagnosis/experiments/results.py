"""Weighs the causes of a run by the results of its experiments (Bayes' rule).

The share of each cause in the ranking is multiplied by how likely the result is if the run has that
cause, and the shares are divided by their sum. Several runs of one experiment count as one, with
the geometric mean of their likelihoods, because they are no independent witnesses.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import exp, log
from statistics import fmean

from app.domain.diagnosis.case import Case, ExperimentRun
from app.domain.diagnosis.cause import UNKNOWN
from app.domain.diagnosis.confidence.chances import CHANCES
from app.domain.diagnosis.experiments.learned import (
    COUNTS,
    LEARNED_FROM,
    Counts,
    chance_of_learning,
)
from app.domain.diagnosis.experiments.plans import Plan, carries_out, plans_of
from app.domain.diagnosis.findings import ExperimentResult, RankedCause
from app.domain.diagnosis.prose import listed, percent, short
from app.domain.diagnosis.remedy import Patch
from app.domain.specs.patch import patched


@dataclass(frozen=True, kw_only=True)
class Weighed:
    """The causes of a run with the results of its experiments."""

    #: The likeliest first; the shares sum to 1.
    ranked: tuple[RankedCause, ...]
    #: One for each run, in the order of the runs.
    results: tuple[ExperimentResult, ...] = ()


def weigh(case: Case, ranked: Sequence[RankedCause], *, counts: Counts = COUNTS) -> Weighed:
    """Returns the ranking with the experiments that the case knows; others change nothing."""
    if not case.experiments or not ranked:
        return Weighed(ranked=tuple(ranked))
    carried_out = _carried_out(case, [one.code for one in ranked])
    shares = {one.code: one.probability for one in ranked}
    for plan, runs in carried_out:
        shares = {
            code: share * exp(fmean(_log_likelihood(code, plan, one, counts) for one in runs))
            for code, share in shares.items()
        }
    total = sum(shares.values())
    weighed = [replace(one, probability=shares[one.code] / total) for one in ranked]
    after = tuple(sorted(weighed, key=lambda one: -one.probability))
    return Weighed(
        ranked=after,
        results=tuple(
            _result(one, plan, before=ranked, after=after, counts=counts)
            for plan, runs in carried_out
            for one in runs
        ),
    )


def _carried_out(case: Case, codes: Sequence[str]) -> list[tuple[Plan, list[ExperimentRun]]]:
    """Returns the experiments that were carried out, each with its runs."""
    found = []
    for plan in plans_of(codes, case):
        planned = patched(case.spec, plan.draft.patch)
        runs = [
            one
            for one in case.experiments
            if carries_out(one.spec, planned=planned, parent=case.spec)
        ]
        if runs:
            found.append((plan, runs))
    return found


def _log_likelihood(code: str, plan: Plan, run: ExperimentRun, counts: Counts) -> float:
    return log(_likelihood(code, plan, run, counts))


def _likelihood(code: str, plan: Plan, run: ExperimentRun, counts: Counts) -> float:
    """Returns how likely the result is if the run has this cause."""
    test = code if code in plan.causes else plan.causes[0]
    chance = chance_of_learning(test, code, counts)
    return chance if _has_learned(run) else 1 - chance


def _has_learned(run: ExperimentRun) -> bool:
    return run.progress >= LEARNED_FROM


def _result(
    run: ExperimentRun,
    plan: Plan,
    *,
    before: Sequence[RankedCause],
    after: Sequence[RankedCause],
    counts: Counts,
) -> ExperimentResult:
    cause, has_learned = plan.causes[0], _has_learned(run)
    others = [
        one
        for one in before
        if one.code != UNKNOWN and (has_learned or one.code not in plan.causes)
    ]
    supported = max(
        others,
        key=lambda one: one.probability * _likelihood(one.code, plan, run, counts),
        default=None,
    )
    supports = None if supported is None else supported.code
    probability_before, probability = _chance(cause, before), _chance(cause, after)
    speaks = f"for {_words(supports or cause)}" if has_learned else f"against {_words(cause)}"
    return ExperimentResult(
        cause=cause,
        patch=plan.draft.patch,
        run_id=run.run_id,
        progress=run.progress,
        has_learned=has_learned,
        supports=supports,
        probability_before=probability_before,
        probability=probability,
        explanation=(
            f"With a changed {listed(f'`{path}`' for path in _paths(plan.draft.patch))} the task "
            f"was {'' if has_learned else 'not '}learned: the progress from the baseline's score "
            f"to the one that the task allows is {short(run.progress)}. That speaks {speaks}; the "
            f"probability of {_words(cause)} is {percent(probability)} by all experiments and was "
            f"{percent(probability_before)} without them."
        ),
    )


def _words(code: str) -> str:
    return code.replace("_", " ")


def _chance(code: str, ranked: Sequence[RankedCause]) -> float:
    """Returns the probability that a cause is right, by its share in the ranking."""
    share = next(one.probability for one in ranked if one.code == code)
    return CHANCES.causes.chance(share)


def _paths(patch: Patch, path: str = "") -> Iterator[str]:
    """Yields the fields that a patch changes: `optimizer.learning_rate`, `clipping`."""
    for name, change in patch.items():
        if isinstance(change, dict) and "kind" not in change:
            yield from _paths(change, f"{path}{name}.")
        else:
            yield f"{path}{name}"
