"""The part of RESULTS.md on labels: which single changes cure, and whether they undo the fault."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from bench.diagnosis.grading import Graded
from bench.diagnosis.labels import Diagnosed
from bench.diagnosis.tables import table

UNDO = "undo:"


def agreement(runs: Sequence[Graded], labels: Mapping[str, Diagnosed]) -> str:
    """How often undoing the injected fault cures, and what else does."""
    tried = [(run, labels[run.key]) for run in runs if run.key in labels]
    confirmed = [(run, label) for run, label in tried if label.is_confirmed]
    if not confirmed:
        return "## Labels\n\nNo fault was confirmed."
    single = [(run, label) for run, label in confirmed if len(run.label.injected) == 1]
    double = [(run, label) for run, label in confirmed if len(run.label.injected) > 1]
    undone = sum(any(cure.startswith(UNDO) for cure in label.cures) for _, label in single)
    others = sum(any(not cure.startswith(UNDO) for cure in label.cures) for _, label in single)
    by_one = sum(any(cure.startswith(UNDO) for cure in label.cures) for _, label in double)
    return f"""\
## Labels

{len(tried)} failed runs were trained again with three fresh seeds: {len(confirmed)} faults were
confirmed, which is that two of the three failed too. Every single change was then trained with
fresh seeds. Of {len(single)} single faults {undone} are cured by undoing the fault and {others} by
another change as well. Of {len(double)} pairs {by_one} are cured by undoing one of the two.

{table(("kind", "confirmed", "undoing cures", "other changes that cure"), list(_rows(confirmed)))}
Faults that undoing does not cure:

{_surprises(single)}"""


def _rows(confirmed: Sequence[tuple[Graded, Diagnosed]]) -> Iterator[tuple[str, ...]]:
    kinds = sorted({run.label.kind for run, _ in confirmed})
    for kind in kinds:
        labels = [label for run, label in confirmed if run.label.kind == kind]
        cures = Counter(cure for label in labels for cure in label.cures)
        undone = sum(any(cure.startswith(UNDO) for cure in label.cures) for label in labels)
        others = [
            f"{cure} {count}" for cure, count in cures.most_common() if not cure.startswith(UNDO)
        ]
        yield kind, str(len(labels)), str(undone), ", ".join(others) or "none"


def _surprises(single: Sequence[tuple[Graded, Diagnosed]]) -> str:
    rows = []
    for run, label in single:
        undo = [one for one in label.tried if one.change.startswith(UNDO)]
        if any(one.is_cure for one in undo):
            continue
        scores = ", ".join(f"{value:.2f}" for one in undo for value in one.progress)
        injected = run.label.injected[0]
        rows.append(
            (run.label.task, f"{injected.kind} {injected.level:g}", scores, ", ".join(label.cures))
        )
    if not rows:
        return "none."
    return table(("task", "fault", "progress after undoing", "cures"), rows)
