"""Calibration runs for the records of remedies: simple networks on tasks that need a long memory.

The fault of `small_radius` is undone by the start of its base. Here the start is the one that
PyTorch gives, or a smaller one, and the lag is longer than such a network reaches, so that a remedy
has to do more than undo a change.

No base is trained: the optimum of each task is known, so that all progress over the baseline is
possible. The tasks were chosen before any remedy was tried on them.
"""

from collections.abc import Iterator

from app.domain.seeding import numpy_generator
from bench.diagnosis.faults.kind import Change, Order
from bench.diagnosis.plan import CALIBRATION_SEED
from bench.diagnosis.planned import Injection, PlannedRun
from bench.diagnosis.tasks import BaseTask, Document, Family

#: Progress over the baseline that a run is compared with: all of it.
POSSIBLE_PROGRESS = 1.0
KIND, LEAF = "contractive_start", "contractive_recurrence"
#: Starts of the recurrent matrix with their radius; the first is tried with every task, the second
#: with the shortest of each family.
STARTS: tuple[tuple[float, Document], ...] = (
    # uniform up to 1/sqrt(units), which has a radius of about 1/sqrt(3)
    (0.58, {"kind": "torch_default"}),
    (0.3, {"kind": "spectral_radius", "radius": 0.3}),
)
#: Lengths of the sequences.
ADDING, ORDER = (40, 60, 80, 100), (40, 60, 100)
_NUM_STEPS = 800


def tasks() -> tuple[BaseTask, ...]:
    return (
        *(_adding(length) for length in ADDING),
        *(_order(length) for length in ORDER),
    )


def long_lags() -> Iterator[PlannedRun]:
    """Yields the runs, a task with both starts where it is the shortest of its family."""
    shortest = {one.family: one.name for one in reversed(tasks())}
    for task in tasks():
        for strength, (radius, recurrent) in enumerate(STARTS):
            if strength == 0 or shortest[task.family] == task.name:
                yield _planned(task, strength, radius, {"init": {"recurrent": recurrent}})


def _planned(task: BaseTask, strength: int, radius: float, patch: Document) -> PlannedRun:
    fault = Injection(
        kind=KIND,
        leaf=LEAF,
        level=radius,
        strength=strength,
        num_strengths=len(STARTS),
        patch=patch,
        options={},
    )
    seed = numpy_generator(CALIBRATION_SEED, "long lags", task.name, strength).integers(2**31 - 1)
    return PlannedRun(
        base=task,
        kind=KIND,
        injections=(fault,),
        order=Order.of(task).changed(Change(patch=patch)),
        seed=int(seed),
    )


def _adding(length: int) -> BaseTask:
    return _task("adding", length, {"kind": "adding", "length": length})


def _order(length: int) -> BaseTask:
    return _task("order", length, {"kind": "temporal_order", "length": length})


def _task(family: Family, length: int, dataset: Document) -> BaseTask:
    return BaseTask(
        name=f"{family}_{length}",
        family=family,
        model={"kind": "elman", "hidden_size": 32},
        dataset=dataset,
        learning_rate=0.002,
        num_steps=_NUM_STEPS,
    )
