"""How often the change that tests a cause let a run learn its task, by the cause of the run.

The counts are data, written by `bench.diagnosis.experiment_results` from failed runs of calibration
tasks whose fault is known because it was injected. Few pairs of a test and a cause were tried
often. Each is therefore drawn towards the share of its kind: tests of the cause itself, of another
cause of its family, or of a cause of another family.
"""

from collections.abc import Mapping
from enum import Enum
from importlib.resources import files
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict

from app.domain.diagnosis.causes import CAUSES

#: Progress from which on a task is learned, as in trials and in the benchmark.
LEARNED_FROM = 0.8
#: Runs that the share of its kind counts for, beside those that were tried with a pair.
PRIOR_RUNS = 4

_FAMILIES = MappingProxyType({card.code: card.family for card in CAUSES})


class _Kind(Enum):
    """What a test has to do with the cause of the run."""

    OF_ITSELF = "of itself"
    OF_ITS_FAMILY = "of its family"
    OF_ANOTHER = "of another"


class Count(BaseModel):
    """Runs with one cause on which one test was carried out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tried: int
    #: Of these, the runs that learned their task.
    learned: int


#: Code of the cause that is tested -> code of the cause that the run has -> runs.
Counts = Mapping[str, Mapping[str, Count]]


def chance_of_learning(test: str, cause: str, counts: Counts) -> float:
    """Returns how likely a run with `cause` learns its task by the test of the cause `test`.

    It is never 0 or 1. A cause without a card, such as `unknown`, is of another family than all.
    """
    pooled = _pooled(_kind(test, cause), counts)
    own = counts.get(test, {}).get(cause, Count(tried=0, learned=0))
    return (own.learned + PRIOR_RUNS * pooled) / (own.tried + PRIOR_RUNS)


def _pooled(kind: _Kind, counts: Counts) -> float:
    """Returns the share over all pairs of a kind, by the rule of succession (Laplace 1814)."""
    known = [
        count
        for test, by_cause in counts.items()
        for cause, count in by_cause.items()
        if _kind(test, cause) is kind
    ]
    return (sum(one.learned for one in known) + 1) / (sum(one.tried for one in known) + 2)


def _kind(test: str, cause: str) -> _Kind:
    if test == cause:
        return _Kind.OF_ITSELF
    is_family = cause in _FAMILIES and _FAMILIES[cause] is _FAMILIES[test]
    return _Kind.OF_ITS_FAMILY if is_family else _Kind.OF_ANOTHER


class _Data(BaseModel):
    counts: Mapping[str, Mapping[str, Count]]


COUNTS: Counts = _Data.model_validate_json(
    files(__package__).joinpath("learned.json").read_text()
).counts
