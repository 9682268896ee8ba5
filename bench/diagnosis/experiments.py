"""Trains changed specs with fresh seeds and keeps their test progress, so that none is run twice.

Nothing but the last score is wanted, so that probes are off.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from app.domain.errors import InvalidData, InvalidSpec
from app.domain.seeding import numpy_generator
from app.domain.specs.job import JobSpec
from app.domain.specs.patch import merge_patch
from bench.diagnosis.faults.kind import Order
from bench.diagnosis.grading import relative
from bench.diagnosis.planned import order_key
from bench.diagnosis.tasks import Document
from bench.diagnosis.training import train_spec

#: Fresh seeds of one question.
NUM_SEEDS = 3


@dataclass(frozen=True, kw_only=True)
class Question:
    """A run that is tried again: the same data, fresh seeds."""

    order: Order
    data_seed: int

    def with_seed(self, index: int) -> JobSpec:
        """Raises pydantic.ValidationError where the order is no valid spec."""
        steps = self.order.spec.get("training")
        num_steps = steps.get("num_steps") if isinstance(steps, dict) else None
        fixed: Document = {
            "dataset": {"seed": self.data_seed},
            "training": {
                "seed": int(numpy_generator(self.data_seed, "fresh", index).integers(2**31 - 1)),
                "evaluate_every": num_steps,
            },
            "probes": {"tier": "off", "every": None},
        }
        return JobSpec.model_validate(merge_patch(self.order.spec, fixed))


class Experiments:
    """Scores by what was trained, in a file to which each new one is appended."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, float] = {}
        if path.exists():
            for line in path.read_text().splitlines():
                kept = json.loads(line)
                self._known[kept["key"]] = (
                    -math.inf if kept["progress"] is None else kept["progress"]
                )

    def progress(self, question: Question, index: int, *, base: float) -> float:
        """Returns the share of the base's progress; minus infinity for what cannot be trained."""
        try:
            spec = question.with_seed(index)
        except ValidationError:
            return -math.inf
        key = order_key(question.order, seed=question.data_seed, purpose=f"fresh {index}")
        if key not in self._known:
            self._keep(key, self._train(spec, question, base=base))
        return self._known[key]

    def all_progress(self, question: Question, *, base: float) -> Iterator[float]:
        """Yields the shares of the base's progress, each of which is trained when it is asked."""
        for index in range(NUM_SEEDS):
            yield self.progress(question, index, base=base)

    def _train(self, spec: JobSpec, question: Question, *, base: float) -> float:
        try:
            trained = train_spec(spec, question.order.upload, data_seed=question.data_seed)
        except (InvalidData, InvalidSpec):
            return -math.inf
        return relative(trained.outcome, base)

    def _keep(self, key: str, progress: float) -> None:
        self._known[key] = progress
        shown = round(progress, 5) if math.isfinite(progress) else None
        with self._path.open("a") as file:
            file.write(json.dumps({"key": key, "progress": shown}) + "\n")
