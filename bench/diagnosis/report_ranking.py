"""The parts of RESULTS.md on the ranking of causes: by models that saw none of what they judge."""

from collections.abc import Mapping, Sequence

from bench.diagnosis.calibration import calibration
from bench.diagnosis.example import Example
from bench.diagnosis.left_out import Answer, shares_of, without_family, without_kind
from bench.diagnosis.tables import table

_COLUMNS = ("left out", "runs", "family first", "leaf first", "leaf among three", "of the surest")


def ranking_part(examples: Sequence[Example], kinds: Mapping[str, frozenset[str]]) -> str:
    """Returns the scores of the ranking alone, and whether its probabilities mean their number."""
    if not examples:
        return "## The ranking of causes\n\nNo examples."
    answers = without_family(examples)
    variants: Mapping[str, Sequence[Answer]] = {
        "family of tasks": answers,
        "family of tasks, job hidden": without_family(examples, is_job_hidden=True),
        "kind of fault": without_kind(examples, lambda one: kinds[one.key]),
    }
    rows = [
        (name, str(len(given)), *(f"{share:.0%}" for share in shares_of(given)))
        for name, given in variants.items()
    ]
    return f"""\
## The ranking of causes on what it was not fitted to

Failed runs with a known fault at their end, ranked by models that saw no run of the same family of
tasks or no run with the same kind of fault. With a hidden job every cause counts as possible. The
last column is the share of right leaves among the 60 % of the runs with the largest probabilities.

{table(_COLUMNS, rows)}
{_calibration_part(answers)}"""


def _calibration_part(answers: Sequence[Answer]) -> str:
    found = calibration(
        [one.probability for one in answers], [one.is_leaf_right for one in answers]
    )
    if found is None:
        return "Too few runs for a calibration."
    return f"""\
Probabilities of the first cause, family of tasks left out: Brier score {found.brier:.3f}; mean
error in four bins of equal count {found.error:.3f}, of which perfectly calibrated ones would have
{found.floor:.3f} by chance."""
