"""The parts of RESULTS.md on causes: what is taken for what, and whether confidences hold."""

from collections import Counter
from collections.abc import Sequence

from bench.diagnosis.calibration import calibration
from bench.diagnosis.grading import Grade
from bench.diagnosis.leaves import FAMILIES
from bench.diagnosis.scoring import ScoredRun, named
from bench.diagnosis.tables import table

_MOST = 20
_NONE = "no answer"


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
