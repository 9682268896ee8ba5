"""The deterministic plan of all runs: `python -m bench.diagnosis.plan` prints its counts.

Runs are ordered so that every prefix of the plan has each kind in its share.
"""

import argparse
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from pydantic import ValidationError

from app.domain.seeding import numpy_generator
from app.domain.specs.job import JobSpec
from bench.diagnosis.faults import BY_NAME, DECOYS, FAULTS, LOOKALIKES, PAIRS
from bench.diagnosis.faults.kind import Change, FaultKind, Order
from bench.diagnosis.leaves import FAMILIES
from bench.diagnosis.planned import BASE, Injection, PlannedRun, fields_of
from bench.diagnosis.tasks import TASKS, BaseTask

#: Of the plan that detectors are tuned with.
CALIBRATION_SEED = 20
NUM_BASE_SEEDS = 6
#: Runs of one level of a kind, in the weaker half of the levels and in the stronger half, where
#: more of them fail; and runs of one pair.
RUNS_PER_WEAK_LEVEL, RUNS_PER_STRONG_LEVEL, RUNS_PER_PAIR = 5, 8, 16
RUNS_OF_LOOKALIKE = 20
#: Runs of one kind of fault with a harmless unusual value beside it.
RUNS_WITH_DECOY = 4
#: Seeds of one task at one level, where few tasks have the kind.
MOST_SEEDS = 3


#: The level of a kind at one of its strengths, for a task.
LevelOf = Callable[[FaultKind, int, BaseTask], float]


def given_level(kind: FaultKind, strength: int, _task: BaseTask) -> float:
    return kind.levels[strength]


def make_plan(
    seed: int = CALIBRATION_SEED,
    tasks: Sequence[BaseTask] = TASKS,
    *,
    level_of: LevelOf = given_level,
) -> tuple[PlannedRun, ...]:
    """Returns all runs; the seed determines theirs, and which levels are tried with which task."""
    found: dict[str, PlannedRun] = {}
    groups = (
        _bases(seed, tasks),
        _single(seed, tasks, level_of),
        _pairs(seed, tasks),
        _decoys(seed, tasks),
    )
    for group in groups:
        for run in group:
            found.setdefault(run.key, run)
    return tuple(_spread(found.values(), seed))


def _bases(seed: int, tasks: Sequence[BaseTask]) -> Iterator[PlannedRun]:
    for task in tasks:
        for index in range(NUM_BASE_SEEDS):
            yield _planned(task, BASE, (), (), seed=_seed(seed, task.name, BASE, index))


def _single(seed: int, tasks: Sequence[BaseTask], level_of: LevelOf) -> Iterator[PlannedRun]:
    for kind in (*FAULTS, *LOOKALIKES):
        for strength, given in enumerate(kind.levels):
            fitting = [task for task in tasks if kind.changes(task, given) is not None]
            rng = numpy_generator(seed, "tasks", kind.name, repr(given))
            places = list(rng.permutation(len(fitting))) * MOST_SEEDS
            for number, place in enumerate(places[: _num_runs(kind, strength)]):
                task = fitting[place]
                repeat = [str(number // len(fitting))] if number >= len(fitting) else []
                run_seed = _seed(seed, task.name, kind.name, repr(given), *repeat)
                level = level_of(kind, strength, task)
                yield _of_level(kind, task, strength, level, seed=run_seed)


def _of_level(
    kind: FaultKind, task: BaseTask, strength: int, level: float, *, seed: int
) -> PlannedRun:
    changes = kind.changes(task, level)
    if changes is None:
        raise LookupError(kind.name, task.name)
    injections = () if kind.is_lookalike else (_injection(kind, strength, level, changes[1]),)
    return _planned(task, kind.name, changes, injections, seed=seed)


def _num_runs(kind: FaultKind, strength: int) -> int:
    if kind.is_lookalike:
        return RUNS_OF_LOOKALIKE // len(kind.levels)
    is_strong = strength >= len(kind.levels) / 2
    return RUNS_PER_STRONG_LEVEL if is_strong else RUNS_PER_WEAK_LEVEL


def _pairs(seed: int, tasks: Sequence[BaseTask]) -> Iterator[PlannedRun]:
    for pair in PAIRS:
        rng = numpy_generator(seed, "pairs", *(name for name, _ in pair))
        drawn = (_pair(tasks[place], pair, seed) for place in rng.permutation(len(tasks)))
        yield from islice((run for run in drawn if run is not None), RUNS_PER_PAIR)


def _pair(task: BaseTask, pair: Sequence[tuple[str, float]], seed: int) -> PlannedRun | None:
    """Returns None where one of the faults does not apply to the task."""
    changes: list[Change] = []
    injections: list[Injection] = []
    for name, level in pair:
        drawn = BY_NAME[name].changes(task, level)
        if drawn is None:
            return None
        changes += drawn
        strength = BY_NAME[name].levels.index(level)
        injections.append(_injection(BY_NAME[name], strength, level, drawn[1]))
    name = "+".join(one.kind for one in injections)
    return _planned(task, name, changes, injections, seed=_seed(seed, task.name, name))


def _decoys(seed: int, tasks: Sequence[BaseTask]) -> Iterator[PlannedRun]:
    """Faults at their strongest, each with a harmless unusual value of another family beside it."""
    for kind in FAULTS:
        rng = numpy_generator(seed, "decoys", kind.name)
        places = rng.permutation(len(tasks) * len(DECOYS))
        drawn = (
            _with_decoy(kind, tasks[place % len(tasks)], *DECOYS[place // len(tasks)], seed=seed)
            for place in places
        )
        yield from islice((run for run in drawn if run is not None), RUNS_WITH_DECOY)


def _with_decoy(
    kind: FaultKind, task: BaseTask, name: str, level: float, *, seed: int
) -> PlannedRun | None:
    """Returns None where one of the two does not apply, or both change the same field."""
    other, strongest = BY_NAME[name], len(kind.levels) - 1
    fault, beside = kind.changes(task, kind.levels[strongest]), other.changes(task, level)
    if fault is None or beside is None or FAMILIES[other.leaf] == FAMILIES[kind.leaf]:
        return None
    if not fields_of(fault[1].patch).isdisjoint(fields_of(beside[1].patch)):
        return None
    label = f"{kind.name}~{name}"
    run = _planned(
        task,
        label,
        (*fault, *beside),
        (_injection(kind, strongest, kind.levels[strongest], fault[1]),),
        seed=_seed(seed, task.name, label),
    )
    try:
        JobSpec.model_validate(run.order.spec)
    except ValidationError:
        return None
    decoy = _injection(other, other.levels.index(level), level, beside[1])
    return replace(run, decoy=decoy)


def _injection(kind: FaultKind, strength: int, level: float, fault: Change) -> Injection:
    return Injection(
        kind=kind.name,
        leaf=kind.leaf,
        level=level,
        strength=strength,
        num_strengths=len(kind.levels),
        patch=fault.patch,
        options=fault.options,
    )


def _planned(
    task: BaseTask,
    kind: str,
    changes: Iterable[Change],
    injections: Iterable[Injection],
    *,
    seed: int,
) -> PlannedRun:
    order = Order.of(task)
    for change in changes:
        order = order.changed(change)
    return PlannedRun(
        base=task,
        kind=kind,
        injections=tuple(injections),
        order=order,
        seed=seed,
    )


def _seed(*parts: int | str) -> int:
    return int(numpy_generator("run", *parts).integers(0, 2**31 - 1))


def _spread(runs: Iterable[PlannedRun], seed: int) -> list[PlannedRun]:
    """Each kind's runs lie evenly over the plan, in a random order of tasks and levels."""
    kinds: dict[str, list[PlannedRun]] = {}
    for run in runs:
        kinds.setdefault(run.kind, []).append(run)
    placed: list[tuple[float, str, PlannedRun]] = []
    for name, members in kinds.items():
        rng = numpy_generator(seed, "order", name)
        offset = float(rng.random())
        for place, index in enumerate(rng.permutation(len(members))):
            run = members[index]
            placed.append(((place + offset) / len(members), run.key, run))
    return [run for _, _, run in sorted(placed, key=lambda one: one[:2])]


def counts(plan: Sequence[PlannedRun]) -> Mapping[str, Counter[str]]:
    """Returns how many runs there are, by several divisions."""
    return {
        "task": Counter(run.task for run in plan),
        "kind": Counter(run.kind for run in plan),
        "family of the cause": Counter(
            "+".join(sorted({FAMILIES[one.leaf] for one in run.injections})) or "none"
            for run in plan
        ),
        "faults": Counter(str(len(run.injections)) for run in plan),
        "strength": Counter(
            f"{one.strength + 1} of {one.num_strengths}"
            for run in plan
            for one in run.injections[:1]
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=CALIBRATION_SEED)
    plan = make_plan(parser.parse_args().seed)
    print(f"{len(plan)} runs")
    for name, numbers in counts(plan).items():
        print(f"\nby {name}:")
        for value, number in sorted(numbers.items()):
            print(f"  {value:<44}{number:>5}")


if __name__ == "__main__":
    main()
