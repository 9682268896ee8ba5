"""The parts of RESULTS.md on causes: what is taken for what, and whether confidences hold."""

from collections import Counter
from collections.abc import Sequence

from app.domain.diagnosis.prose import likelihood
from bench.diagnosis.calibration import Calibration, calibration
from bench.diagnosis.grading import Grade
from bench.diagnosis.leaves import FAMILIES, twins_of
from bench.diagnosis.opinions import SHARES
from bench.diagnosis.scoring import ScoredRun, named
from bench.diagnosis.tables import table
from bench.diagnosis.truths import is_true

_MOST = 20
_NONE = "no answer"
#: Shares of the run at which little of it is known.
EARLY = tuple(share for share in SHARES if share <= 0.3)


def confusions(runs: Sequence[ScoredRun]) -> str:
    """The most frequent first causes that are wrong, and the families as a matrix."""
    caused = [one for one in runs if one.run.graded.grade is Grade.FAILED and one.leaves]
    pairs = Counter((_true_leaf(one), _first(one)) for one in caused)
    wrong = [(pair, count) for pair, count in pairs.most_common() if pair[0] != pair[1]]
    rows = [(true, said, str(count)) for (true, said), count in wrong[:_MOST]]
    return (
        "## What this service takes for what\n\n"
        + _matrix(caused)
        + "\nThe most frequent confusions of leaves:\n\n"
        + table(("injected", "named first", "runs"), rows)
    )


def _matrix(caused: Sequence[ScoredRun]) -> str:
    families = list(dict.fromkeys(FAMILIES.values()))
    pairs = Counter(
        (FAMILIES[_true_leaf(one).split("+")[0]], FAMILIES.get(_first(one), _NONE))
        for one in caused
        if len(one.run.graded.label.injected) == 1
    )
    rows = [
        (true, *(str(pairs[true, said]) for said in (*families, _NONE)))
        for true in families
        if any(pairs[true, said] for said in (*families, _NONE))
    ]
    return table(("family injected \\ named first", *families, _NONE), rows)


def _true_leaf(one: ScoredRun) -> str:
    return "+".join(sorted(one.run.graded.label.leaves))


def _first(one: ScoredRun) -> str:
    causes = named(one.opinions.last)
    return causes[0] if causes and causes[0] else _NONE


_SHARES = (
    "share of the run",
    "what",
    "cases",
    "right",
    "error",
    "by chance",
    "bins",
)


def confidence_by_share(runs: Sequence[ScoredRun]) -> str:
    """Whether the confidences of findings and of first causes mean their numbers, at each share.

    A finding is right as `truths` says. The first cause is judged in failed runs with a known one.
    """
    known = [one for one in runs if one.run.graded.grade is not Grade.GREY]
    rows = []
    for share in SHARES:
        judged = {"findings": _findings(known, share), "first cause": _causes(known, share)}
        for what, pairs in judged.items():
            found = calibration([value for value, _ in pairs], [true for _, true in pairs])
            if found is not None:
                rows.append((f"{share:.0%}", what, *_numbers(found, pairs)))
    return f"""\
## Confidence of findings and of the cause ranked first, by share of the run

Findings that matter are right if the run failed and, unless they judge its outcome, one of the
right causes explains them. The error is the mean distance between confidence and share of right
ones over four bins of equal count; perfectly calibrated confidences have the error in the next
column by chance. A bin shows the mean confidence and the share that was right.

{table(_SHARES, rows)}"""


def words(runs: Sequence[ScoredRun]) -> str:
    """Whether the words of the summary for the probability of the first cause are true."""
    rows = []
    for name, shares in (("up to 30 %", EARLY), ("at the end", SHARES[-1:])):
        pairs = [pair for share in shares for pair in _causes(runs, share)]
        by_word: dict[str, list[bool]] = {}
        for value, is_right in sorted(pairs, reverse=True):
            by_word.setdefault(likelihood(value), []).append(is_right)
        rows += [
            (name, word, str(len(hits)), f"{sum(hits) / len(hits):.0%}")
            for word, hits in by_word.items()
        ]
    return f"""\
## Words for the probability of the cause ranked first

Judgements of failed runs with a known cause.

{table(("judged", "word", "judgements", "right"), rows)}"""


def _numbers(found: Calibration, pairs: Sequence[tuple[float, bool]]) -> tuple[str, ...]:
    right = sum(true for _, true in pairs) / found.cases
    bins = ", ".join(f"{said:.2f}/{true:.2f}" for said, true in found.bins)
    return (f"{found.cases}", f"{right:.0%}", f"{found.error:.3f}", f"{found.floor:.3f}", bins)


def _findings(runs: Sequence[ScoredRun], share: float) -> list[tuple[float, bool]]:
    return [
        (value, is_true(code, has_failed=_has_failed(one), leaves=one.leaves))
        for one in runs
        for code, value in one.opinions.by_share[share].confidences.items()
    ]


def _causes(runs: Sequence[ScoredRun], share: float) -> list[tuple[float, bool]]:
    said = [(one, one.opinions.by_share[share]) for one in runs if _has_failed(one) and one.leaves]
    return [
        (opinion.cause_probability, not twins_of(opinion.causes[0]).isdisjoint(one.leaves))
        for one, opinion in said
        if opinion.cause_probability is not None
    ]


def _has_failed(one: ScoredRun) -> bool:
    return one.run.graded.grade is Grade.FAILED


def confidence(runs: Sequence[ScoredRun]) -> str:
    """Whether the confidence of `sick` at the end means its number."""
    known = [
        (one.opinions.last.confidence, one.run.graded.grade is Grade.FAILED)
        for one in runs
        if one.opinions.last.confidence is not None and one.run.graded.grade is not Grade.GREY
    ]
    found = calibration(
        [value for value, _ in known if value is not None], [hit for _, hit in known]
    )
    if found is None:
        return "## Confidence\n\nToo few runs were called sick."
    return f"""\
## Confidence

Of {found.cases} runs that were called sick at the end: Brier score {found.brier:.3f}; mean error in
four bins of equal count {found.error:.3f}, of which perfectly calibrated confidences would have
{found.floor:.3f} by chance."""
