"""A run that is planned: its order, its seed, and what was done to it."""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property

from pydantic import JsonValue

from app.domain.specs.job import JobSpec
from app.domain.specs.patch import merge_patch
from bench.diagnosis.faults.kind import Order
from bench.diagnosis.tasks import BaseTask, Document
from bench.diagnosis.uploads import Options, Upload

#: Kind of a run without any change.
BASE = "base"
#: Evaluations and probes of one run.
NUM_EVALUATIONS, NUM_PROBES = 40, 20


@dataclass(frozen=True, kw_only=True)
class Injection:
    """One fault in a run."""

    kind: str
    leaf: str
    level: float
    #: Place of the level among those of the kind, from 0, and how many there are.
    strength: int
    num_strengths: int
    patch: Document
    options: Options


@dataclass(frozen=True, kw_only=True)
class PlannedRun:
    """A run that is to be trained, and what was done to it."""

    base: BaseTask
    #: `base`, the name of a kind, or the names of two with a plus between them.
    kind: str
    #: One for a fault, two for a pair; empty for bases and look-alikes.
    injections: tuple[Injection, ...]
    order: Order
    seed: int
    #: An unusual value beside the fault that rarely harms.
    decoy: Injection | None = None

    @property
    def task(self) -> str:
        return self.base.name

    @property
    def family(self) -> str:
        return self.base.family

    @cached_property
    def spec(self) -> JobSpec:
        """The job spec with seeds; evaluations and probes lie at fixed steps."""
        num_steps = JobSpec.model_validate(self.order.spec).training.num_steps
        fixed: Document = {
            "dataset": {"seed": self.seed},
            "training": {
                "seed": self.seed,
                "evaluate_every": max(1, num_steps // NUM_EVALUATIONS),
            },
            "probes": {"every": max(1, num_steps // NUM_PROBES)},
        }
        return JobSpec.model_validate(merge_patch(self.order.spec, fixed))

    @property
    def upload(self) -> Upload | None:
        return self.order.upload

    @cached_property
    def key(self) -> str:
        """A hash of what was ordered, which new fields of the job spec do not change."""
        return order_key(self.order, seed=self.seed)


def order_key(order: Order, *, seed: int, purpose: str = "run") -> str:
    """Returns a hash of the order, its data and its seed."""
    upload = order.upload
    content: JsonValue = {
        "spec": order.spec,
        "upload": None if upload is None else {"kind": upload.kind, **upload.options},
        "seed": seed,
        "purpose": purpose,
    }
    text = json.dumps(content, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def fields_of(patch: Document) -> frozenset[tuple[str, str]]:
    """Returns the fields that a patch changes, as part and name."""
    return frozenset(
        (part, name)
        for part, fields in patch.items()
        for name in (fields if isinstance(fields, dict) else ("",))
    )
