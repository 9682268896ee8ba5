"""The part of RESULTS.md on labels: which single changes cure, and whether they undo the fault."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from bench.diagnosis.bootstrap import share_of
from bench.diagnosis.grading import Graded
from bench.diagnosis.labels import Diagnosed
from bench.diagnosis.remedies import Treatment
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
    undone = sum(is_undone(run, label) for run, label in single)
    others = sum(any(not cure.startswith(UNDO) for cure in label.cures) for _, label in single)
    by_one = sum(is_undone(run, label) for run, label in double)
    return f"""\
## Labels

{len(tried)} failed runs were trained again with three fresh seeds: {len(confirmed)} faults were
confirmed, which is that two of the three failed too. Every single change was then trained with
fresh seeds. Of {len(single)} single faults {undone} are cured by undoing the fault and {others} by
another change as well. Of {len(double)} pairs {by_one} are cured by undoing one of the two.

{table(("kind", "confirmed", "undoing cures", "other changes that cure"), list(_rows(confirmed)))}
Faults that undoing does not cure:

{_surprises(single)}"""


def cures(runs: Sequence[Graded], treatments: Sequence[Treatment]) -> str:
    """How often the first remedies cure, beside the same patch for every run."""
    task_of = {run.key: run.label.task for run in runs}
    known = [one for one in treatments if one.key in task_of]
    if not known:
        return "## Remedies\n\nNo remedy was tried."
    rows = []
    for judge in sorted({one.judge for one in known}):
        own = [(task_of[one.key], one) for one in known if one.judge == judge]
        first, any_of = (
            share_of(_by_task([(task, one.cures[:most]) for task, one in own])) for most in (1, 3)
        )
        offered = share_of(_by_task([(task, [bool(one.cures)]) for task, one in own]))
        rows.append((judge, str(offered), str(first), str(any_of)))
    columns = ("advice of", "offered", "first remedy cures", "one of the first three cures")
    return f"""\
## Remedies

The advice at the end of each run whose fault was confirmed, trained with three fresh seeds. The
control, which is the same run with fresh seeds, stays sick in at least two of three.

{table(columns, rows)}"""


def _by_task(tried: Sequence[tuple[str, Sequence[bool]]]) -> Mapping[str, list[bool]]:
    found: dict[str, list[bool]] = {}
    for task, hits in tried:
        found.setdefault(task, []).append(any(hits))
    return found


def undoing(run: Graded) -> frozenset[str]:
    """Returns the names of the changes that undo an injected fault; that of a decoy is not one."""
    return frozenset(f"{UNDO}{one.kind}" for one in run.label.injected)


def is_undone(run: Graded, label: Diagnosed) -> bool:
    """Whether undoing a single injected fault cures the run."""
    return not undoing(run).isdisjoint(label.cures)


def _rows(confirmed: Sequence[tuple[Graded, Diagnosed]]) -> Iterator[tuple[str, ...]]:
    kinds = sorted({run.label.kind for run, _ in confirmed})
    for kind in kinds:
        own = [(run, label) for run, label in confirmed if run.label.kind == kind]
        labels = [label for _, label in own]
        cures = Counter(cure for label in labels for cure in label.cures)
        undone = sum(is_undone(run, label) for run, label in own)
        others = [
            f"{cure} {count}" for cure, count in cures.most_common() if not cure.startswith(UNDO)
        ]
        yield kind, str(len(labels)), str(undone), ", ".join(others) or "none"


def _surprises(single: Sequence[tuple[Graded, Diagnosed]]) -> str:
    rows = []
    for run, label in single:
        if is_undone(run, label):
            continue
        undo = [one for one in label.tried if one.change in undoing(run)]
        scores = ", ".join(f"{value:.2f}" for one in undo for value in one.progress)
        injected = run.label.injected[0]
        rows.append(
            (run.label.task, f"{injected.kind} {injected.level:g}", scores, ", ".join(label.cures))
        )
    if not rows:
        return "none."
    return table(("task", "fault", "progress after undoing", "cures"), rows)
