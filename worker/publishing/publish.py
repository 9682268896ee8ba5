"""Write the files of a run that has ended, and list them for the database.

`model.safetensors` is published for a run that succeeded and did not diverge: a cancelled one has
its last weights in its checkpoint, and those of a diverged one are useless. `best.safetensors` is
published whenever there was an evaluation on validation data. Files carry their attempt in their
stored names, so that a worker that was paused overwrites nothing. They are listed once the run's
end is committed.
"""

import json
import logging
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from uuid import UUID

import torch
from pydantic import JsonValue
from safetensors.torch import save
from sqlalchemy import Engine
from torch import Tensor

from app import __version__ as service_version
from app.artifacts import ArtifactFolder
from app.domain.artifacts import (
    ArtifactKind,
    Publication,
    PublishedFile,
    attempt_of,
    stored_name,
)
from app.domain.errors import ArtifactsUnavailable, Unavailable
from app.domain.runs import StopReason
from app.domain.specs.job import JobSpec
from app.store.artifacts import published_by
from app.store.database import unit_of_work
from worker.datasets.task import Task
from worker.publishing.assembly import assemble_program
from worker.publishing.description import describe
from worker.publishing.golden import make_golden
from worker.publishing.run_log import RunLog
from worker.training.best import ScoredWeights
from worker.training.fingerprint import take_fingerprint
from worker.training.outcome import TrainingOutcome

logger = logging.getLogger(__name__)

MODEL, BEST = "model.safetensors", "best.safetensors"
#: Ends whose last weights are published.
WITH_MODEL = (
    StopReason.COMPLETED,
    StopReason.CONVERGED,
    StopReason.TIMED_OUT,
    StopReason.CRITICAL_FINDING,
)


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A run that has been trained."""

    spec: JobSpec
    task: Task
    outcome: TrainingOutcome


@dataclass(frozen=True, kw_only=True)
class _Content:
    kind: ArtifactKind
    content: bytes
    step: int | None = None


@dataclass(frozen=True, kw_only=True)
class Publisher:
    """Publishes the files of one attempt of a run."""

    engine: Engine
    artifacts: ArtifactFolder
    run_id: UUID
    attempt: int
    log: RunLog

    def publish(
        self, trained: Trained | None, *, spec: JobSpec, device: torch.device
    ) -> Publication:
        """Writes all files; a file that cannot be made is told in the publication's `error`.

        Raises ArtifactsUnavailable when the files of a trained run cannot be written.
        """
        try:
            contents = {} if trained is None else contents_of(trained, run_id=self.run_id)
            environment = take_environment(spec, device)
            contents["environment.json"] = _json(ArtifactKind.ENVIRONMENT, environment)
            contents["log.txt"] = _Content(kind=ArtifactKind.LOG, content=self.log.content())
            written = tuple(self._write(name, content) for name, content in contents.items())
        except ArtifactsUnavailable as error:
            if trained is not None:
                raise
            # a run that failed ends without its log
            return Publication(error=error.detail)
        except Exception as error:  # an edge: the run has trained, and its end must be recorded
            logger.exception("Run %s: its files could not be published.", self.run_id)
            return Publication(error=f"The files could not be made: {type(error).__name__}.")
        return Publication(files=written)

    def remove_unused(self) -> None:
        """Remove files of this attempt and earlier ones that the database does not list."""
        try:
            with unit_of_work(self.engine) as work:
                listed = published_by(work.session, self.run_id)
        except Unavailable:
            return  # they are removed with the run
        kept = {artifact.file.stored_name for artifact in listed}
        found = ((name, attempt_of(name)) for name in self.artifacts.names(self.run_id))
        ours = [name for name, attempt in found if attempt and attempt <= self.attempt]
        self.artifacts.remove(self.run_id, [name for name in ours if name not in kept])

    def _write(self, name: str, content: _Content) -> PublishedFile:
        stored = stored_name(name, self.attempt)
        return PublishedFile(
            name=name,
            kind=content.kind,
            stored_name=stored,
            num_bytes=len(content.content),
            sha256=self.artifacts.write(self.run_id, stored, content.content),
            step=content.step,
        )


def contents_of(trained: Trained, *, run_id: UUID) -> dict[str, _Content]:
    """Weights, and the files that predict with them; empty where there are no weights."""
    outcome, best = trained.outcome, _best_of(trained)
    weights: dict[str, Mapping[str, Tensor]] = {}
    found: dict[str, _Content] = {}
    about: dict[str, JsonValue] = {}
    if outcome.stop_reason in WITH_MODEL:
        weights[MODEL] = dict(outcome.model.named_tensors())
        found[MODEL] = _packed(ArtifactKind.MODEL, weights[MODEL], outcome.steps_done, run_id)
        about[MODEL] = {"step": outcome.steps_done, "stop_reason": str(outcome.stop_reason)}
    if best is not None:
        score = best.score
        weights[BEST] = best.tensors
        found[BEST] = _packed(ArtifactKind.BEST, best.tensors, score.step, run_id)
        about[BEST] = {"step": score.step, "metric": score.metric, "value": score.value}
    if not weights:
        return {}
    spec, task = trained.spec, trained.task
    description = describe(spec, task.facts, task.usage, outcome.model, weights=about)
    found["model.json"] = _json(ArtifactKind.DESCRIPTION, description)
    found["golden.json"] = _json(ArtifactKind.GOLDEN, make_golden(spec, task, weights))
    program = _Content(kind=ArtifactKind.PROGRAM, content=assemble_program())
    found["predict.py"] = program
    return found


def take_environment(spec: JobSpec, device: torch.device) -> dict[str, JsonValue]:
    """Machine and libraries, on which the bits of the weights depend, and what was in force.

    `in_force` has what the spec left to the service, as it was chosen, and what it asked for.
    """
    return {
        **take_fingerprint(device),
        "python": platform.python_version(),
        "system": platform.system(),
        "service": service_version,
        "safetensors": version("safetensors"),
        "deterministic_algorithms": torch.are_deterministic_algorithms_enabled(),
        "in_force": {
            "device": str(device),
            "num_threads": torch.get_num_threads(),
            "precision": spec.training.precision,
            "deterministic": spec.training.deterministic,
            "time_limit_s": spec.training.time_limit_s,
            "probes": {
                "tier": spec.probes.tier,
                "budget": 0.0 if spec.probes.tier == "off" else spec.probes.budget_in_force,
                "every": spec.probes.every,
            },
        },
    }


def _best_of(trained: Trained) -> ScoredWeights | None:
    """The best weights; None if they come from after the step at which the run diverged."""
    best = trained.outcome.best
    is_after_the_end = (
        best is not None
        and trained.outcome.stop_reason is StopReason.DIVERGED
        and best.score.step >= trained.outcome.steps_done
    )
    return None if is_after_the_end else best


def _packed(kind: ArtifactKind, tensors: Mapping[str, Tensor], step: int, run_id: UUID) -> _Content:
    """Weights as safetensors; a sync point on a GPU."""
    host = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    content = save(host, metadata={"format": "pt", "run_id": str(run_id), "step": str(step)})
    return _Content(kind=kind, content=content, step=step)


def _json(kind: ArtifactKind, document: Mapping[str, JsonValue]) -> _Content:
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1)
    return _Content(kind=kind, content=text.encode())
