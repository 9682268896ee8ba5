"""Small networks that are really trained, and judged at their end as the service would."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from pydantic import JsonValue

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.engine import diagnose
from app.domain.diagnosis.findings import Diagnosis, Finding
from app.domain.runs import StopReason
from app.domain.specs.dataset.base import Dataset
from app.domain.specs.patch import merge_patch
from bench.verdicts import Notebook
from tests.worker.builders import make_spec
from tests.worker.references.test_verdicts import with_reference
from worker.datasets.build import build_task
from worker.datasets.task import Task
from worker.training.loop import train


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A trained run with its diagnosis."""

    case: Case

    @cached_property
    def diagnosis(self) -> Diagnosis:
        return diagnose(self.case)

    @property
    def codes(self) -> set[str]:
        return {finding.code for finding in self.diagnosis.findings}

    def finding(self, code: str) -> Finding:
        (found,) = (one for one in self.diagnosis.findings if one.code == code)
        return found


def judged(
    patch: Mapping[str, JsonValue],
    upload: tuple[Dataset, Task] | None = None,
    *,
    num_steps: int,
    num_probes: int = 10,
) -> Judged:
    """Trains a small network with evenly spaced probes and evaluations."""
    usual: dict[str, JsonValue] = {
        "training": {"num_steps": num_steps, "evaluate_every": num_steps // 20, "batch_size": 32},
        "probes": {"tier": "standard", "every": num_steps // num_probes},
    }
    generated: dict[str, JsonValue] = {"dataset": {"kind": "adding", "length": 200}}
    given = merge_patch(merge_patch(usual, generated if upload else {}), patch)
    spec = make_spec(given)
    if upload is None:
        task = build_task(spec.dataset, upload=None)
    else:
        dataset, task = upload
        spec = spec.model_copy(update={"dataset": dataset})
        task = with_reference(dataset, task)
    notebook = Notebook(spec=spec)
    outcome = train(
        spec,
        task,
        device=torch.device("cpu"),
        send=notebook.batches.append,
        begin=notebook.begin,
        stop_requested=lambda: None,
    )
    assert isinstance(outcome.stop_reason, StopReason)
    return Judged(case=notebook.case(stop_reason=outcome.stop_reason))
