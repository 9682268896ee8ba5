"""Takes space in the artifact folder before training, so that what is trained can be written.

The space is a file of zeros with allocated blocks. It shrinks when a file of the run is about to be
written and grows again when old checkpoints have been removed. Between the two another writer may
be faster; the run then waits and continues from its last checkpoint.
"""

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from uuid import UUID

from app.artifacts import UNFINISHED, ArtifactFolder, raising_unavailable
from app.domain.artifacts import reserved_name
from app.domain.checkpoints import NUM_BEST_KEPT, NUM_KEPT
from app.domain.estimate import NUM_BYTES, num_parameters
from app.domain.specs.job import JobSpec
from app.domain.task import TaskShape
from worker.datasets.task import Task
from worker.datasets.usage import NUM_EXAMPLES, SymbolInput
from worker.publishing.assembly import assemble_program
from worker.publishing.golden import num_timesteps

#: A checkpoint is written before the oldest of those that are kept is removed.
MAX_CHECKPOINTS = NUM_KEPT + NUM_BEST_KEPT + 1
#: Saved states of the policy `rollback`.
_NUM_SNAPSHOTS = 2
#: Bytes of one tensor's entry in a safetensors header.
_ENTRY_BYTES = 256
#: Bytes of what a checkpoint holds beside its tensors.
_NOTES_BYTES = 8192
#: Bytes of one number in an indented JSON document.
_NUMBER_BYTES = 40
#: Bytes of the documents apart from what grows with the task: the log, the machine, the equations.
_DOCUMENT_BYTES = 49_152
#: Files that are published, each of which ends in a block that is not full.
_NUM_FILES, _BLOCK_BYTES = 7, 4096


@dataclass(frozen=True, kw_only=True)
class SpaceNeeded:
    """Upper bounds of what a run writes, in bytes."""

    checkpoint: int
    #: All files that are published at the end together.
    published: int

    @classmethod
    def of(cls, spec: JobSpec, task: Task) -> "SpaceNeeded":
        """Of a run that stays in its usual bounds; a long log may exceed them."""
        parameters = num_parameters(spec.model, TaskShape.of_task(task.facts))
        weights = (
            parameters * NUM_BYTES[spec.training.precision] + _num_tensors(spec) * _ENTRY_BYTES
        )
        num_moments = spec.optimizer.in_torch.num_moments
        # one moment more, for the number of steps that some optimizers keep for each tensor
        state = weights * (1 + num_moments) + _num_tensors(spec) * 2 * _ENTRY_BYTES
        num_snapshots = _NUM_SNAPSHOTS if spec.training.on_instability == "rollback" else 0
        published = 2 * weights + _golden_bytes(task, parameters) + _description_bytes(spec, task)
        return cls(
            checkpoint=state * (1 + num_snapshots) + weights + _NOTES_BYTES + 2 * _BLOCK_BYTES,
            published=published + _program_bytes() + _DOCUMENT_BYTES + _NUM_FILES * _BLOCK_BYTES,
        )


class ReservedSpace:
    """The space that one attempt of a run has taken; none before `take`."""

    def __init__(self, artifacts: ArtifactFolder, *, run_id: UUID, attempt: int) -> None:
        self._artifacts = artifacts
        self._run_id = run_id
        self._attempt = attempt
        self._needed = SpaceNeeded(checkpoint=0, published=0)
        self._path = artifacts.root / str(run_id) / f"{reserved_name(attempt)}{UNFINISHED}"
        self._num_bytes = 0

    @property
    def wanted_bytes(self) -> int:
        """What the run needs from here to its end, beside the checkpoints that it has."""
        kept = sum(name.startswith("checkpoint-") for name in self._artifacts.names(self._run_id))
        num_checkpoints = max(1, MAX_CHECKPOINTS - kept)
        return self._needed.published + num_checkpoints * self._needed.checkpoint

    def take(self, needed: SpaceNeeded) -> None:
        """Takes the space for the published files and the checkpoints. Raises ArtifactsUnavailable.

        Removes first what earlier attempts have left unfinished.
        """
        self._needed = needed
        self._artifacts.make_run(self._run_id)
        self._artifacts.remove_unfinished(self._run_id, up_to_attempt=self._attempt)
        with raising_unavailable():
            self._grow_to(self.wanted_bytes)

    def give_for_checkpoint(self, num_bytes: int) -> None:
        """Frees space for a checkpoint; that of the published files stays taken."""
        # both ends of the file may lie within a block
        whole_blocks = num_bytes + 2 * _BLOCK_BYTES
        self._shrink_to(max(self._needed.published, self._num_bytes - whole_blocks))

    def take_again(self) -> None:
        """Takes space again once old checkpoints are removed. Without it the next one may fail."""
        with suppress(OSError):
            self._grow_to(self.wanted_bytes)

    def give_all(self) -> None:
        """Frees all space: the published files are about to be written, or the attempt ends."""
        self._num_bytes = 0
        with suppress(OSError):
            self._path.unlink()

    def _grow_to(self, num_bytes: int) -> None:
        if num_bytes <= self._num_bytes:
            return
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, num_bytes)
        finally:
            os.close(descriptor)
        self._num_bytes = num_bytes

    def _shrink_to(self, num_bytes: int) -> None:
        if num_bytes < self._num_bytes:
            self._num_bytes = num_bytes
            with suppress(OSError):
                os.truncate(self._path, num_bytes)


def _num_tensors(spec: JobSpec) -> int:
    """Of the network: two matrices and two biases a layer and direction, and the read-out's."""
    directions = 2 if spec.model.bidirectional else 1
    return 4 * spec.model.num_layers * directions + 2


def _golden_bytes(task: Task, parameters: int) -> int:
    """Of the examples with their targets and the outputs of two files of weights."""
    facts = task.facts
    length = min(facts.length, num_timesteps(task, parameters))
    symbols = task.usage.input
    width = 1 if isinstance(symbols, SymbolInput) else facts.input_size
    rows = 1 if facts.many_to_one else length
    numbers = length * (width + 1) + 3 * rows * (facts.output_size + 1)
    return NUM_EXAMPLES * numbers * (_NUMBER_BYTES + _longest_symbol(task))


def _longest_symbol(task: Task) -> int:
    symbols = task.usage.input
    named = symbols.symbols if isinstance(symbols, SymbolInput) else ()
    return max((len((symbol or "").encode()) for symbol in named), default=0)


def _description_bytes(spec: JobSpec, task: Task) -> int:
    usage = (asdict(task.usage.input), asdict(task.usage.output))
    documents = json.dumps(usage, ensure_ascii=False, indent=4).encode()
    return len(documents) + 4 * len(spec.model_dump_json()) + _num_tensors(spec) * _ENTRY_BYTES


def _program_bytes() -> int:
    return len(assemble_program())
