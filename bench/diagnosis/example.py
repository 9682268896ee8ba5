"""What the ranking of causes is fitted to: the signs of failed runs and their right causes."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from app.domain.diagnosis.ranking import possible_causes
from app.domain.diagnosis.ranking.signs import signs
from bench.diagnosis.grading import Grade, base_progress, graded
from bench.diagnosis.labels import Diagnosed
from bench.diagnosis.stored import StoredRun

#: Shares of the steps whose signs are fitted: early ones too, since runs are judged in training.
FITTED_SHARES = (0.1, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, kw_only=True)
class Example:
    """A failed run with a known cause, at one share of its steps."""

    key: str
    #: Of its task.
    family: str
    share: float
    signs: Mapping[str, float]
    #: Causes that count as right; not empty.
    leaves: frozenset[str]
    #: Causes that its job leaves possible.
    possible: frozenset[str]


def examples_of(
    runs: Iterable[StoredRun], labels: Mapping[str, Diagnosed], *, bases: Mapping[str, float]
) -> Iterator[Example]:
    """Yields the failed runs with a fault, at each fitted share."""
    for run in runs:
        leaves = right_leaves(run, labels)
        if not leaves or graded(run, bases[run.label.task]).grade is not Grade.FAILED:
            continue
        for share in FITTED_SHARES:
            case = run.case_at(share)
            yield Example(
                key=run.key,
                family=run.label.family,
                share=share,
                signs=signs(case),
                leaves=leaves,
                possible=possible_causes(case),
            )


def right_leaves(run: StoredRun, labels: Mapping[str, Diagnosed]) -> frozenset[str]:
    """Returns the causes of the changes that cure, or the injected ones where that is not known."""
    label, injected = labels.get(run.key), run.label.leaves
    return label.leaves(injected) if label is not None and label.is_confirmed else injected


def read_examples(
    runs: Iterable[StoredRun], labels: Mapping[str, Diagnosed]
) -> tuple[Example, ...]:
    """Returns the examples of a set of runs that has the bases of its tasks."""
    kept = list(runs)
    return tuple(examples_of(kept, labels, bases=base_progress(kept)))
