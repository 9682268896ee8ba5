"""A fresh test plan that derives from the commit that froze thresholds and coefficients.

Its seeds, the strengths of its faults and the options of its data follow from the commit's hash, so
that nobody could have tuned for them. It is trained after that commit.
"""

import math
import string
from dataclasses import replace
from functools import partial

import numpy as np

from app.domain.seeding import numpy_generator
from bench.diagnosis.faults.kind import FaultKind
from bench.diagnosis.plan import CALIBRATION_SEED, make_plan
from bench.diagnosis.planned import PlannedRun
from bench.diagnosis.tasks import TASKS, BaseTask
from bench.diagnosis.uploads import Option

#: Name of the plan that detectors are tuned with.
CALIBRATION = "calibration"
_SHORTEST_HASH = 7
#: Relative change of noise and amount of data, and steps by which lengths and seasons change.
_SPREAD = 0.2
#: A fault lies between its own level and the milder one, at most this far.
_MILDER = 0.5


def plan_named(name: str) -> tuple[PlannedRun, ...]:
    """Returns the plan of a name: `calibration`, or the hash of a commit.

    Raises ValueError for anything else.
    """
    if name == CALIBRATION:
        return make_plan(CALIBRATION_SEED)
    if len(name) < _SHORTEST_HASH or not set(name) <= set(string.hexdigits):
        msg = f"{name[:50]!r} is neither {CALIBRATION!r} nor the hash of a commit"
        raise ValueError(msg)
    seed = int(name[:_SHORTEST_HASH], 16)
    tasks = [varied(task, seed) for task in TASKS]
    return make_plan(seed, tasks, level_of=partial(moved_level, seed=seed))


def moved_level(kind: FaultKind, strength: int, task: BaseTask, *, seed: int) -> float:
    """Returns a level between this strength's and the milder one's; the mildest stays."""
    level = kind.levels[strength]
    if strength == 0:
        return level
    milder = kind.levels[strength - 1]
    way = float(numpy_generator(seed, "level", kind.name, strength, task.name).uniform(0, _MILDER))
    if level * milder > 0:
        sign = math.copysign(1.0, level)
        return sign * math.exp((1 - way) * math.log(abs(level)) + way * math.log(abs(milder)))
    return (1 - way) * level + way * milder


def varied(task: BaseTask, seed: int) -> BaseTask:
    """Returns the task with other sizes and other options of its data."""
    rng = numpy_generator(seed, "task", task.name)
    if task.upload is None:
        length = task.dataset["length"]
        if not isinstance(length, int):
            raise TypeError(length)
        return replace(task, dataset={**task.dataset, "length": length + int(rng.integers(-2, 3))})
    options: dict[str, Option] = {}
    match task.upload.kind:
        case "series":
            options["season"] = task.upload.count("season") + int(rng.integers(-1, 2))
            options["noise"] = task.upload.number("noise") * _factor(rng)
            options["rows"] = round(task.upload.number("rows") * _factor(rng))
        case "labelled":
            options["sequences"] = round(task.upload.number("sequences") * _factor(rng))
        case "text":
            options["characters"] = round(task.upload.number("characters") * _factor(rng))
            options["random_share"] = task.upload.number("random_share") * _factor(rng)
    return replace(task, upload=task.upload.changed(options))


def _factor(rng: np.random.Generator) -> float:
    return float(rng.uniform(1 - _SPREAD / 2, 1 + _SPREAD))
