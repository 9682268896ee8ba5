"""Saves and reads a run's checkpoints: the file in the artifact store, then the row.

Each row names a file that was complete on the disk before the row, and a run continues only from a
checkpoint that has a row. An attempt removes only files of its own and of earlier attempts.
"""

import logging
import re
from dataclasses import dataclass
from uuid import UUID

import torch
from sqlalchemy import Engine

from app.artifacts import ArtifactFolder, digest_of, raising_unavailable
from app.domain.checkpoints import CheckpointParts, CheckpointRecord, checkpoint_name
from app.domain.errors import Fenced, FileDamaged, InvalidData, NotFound
from app.services.attempts.continue_run import continue_run
from app.services.checkpoints.discard_checkpoint import discard_checkpoint
from app.services.checkpoints.plan_start import StartPlan, plan_start
from app.services.checkpoints.record_checkpoint import record_checkpoint
from app.store.database import unit_of_work
from worker.telemetry.sending import PendingCheckpoint
from worker.training.checkpoint import Checkpoint, Damaged, Start, unpack
from worker.training.fingerprint import differences, take_fingerprint

logger = logging.getLogger(__name__)

_FORK_DAMAGED = "The checkpoint from which this fork starts cannot be read."
_ATTEMPT_OF = re.compile(r"checkpoint-(?:best-)?\d+-(\d+)\.safetensors(\.part)?")


@dataclass(frozen=True, kw_only=True)
class Checkpoints:
    """The checkpoints of one run, for one attempt."""

    engine: Engine
    artifacts: ArtifactFolder
    run_id: UUID
    attempt: int

    def save(self, pending: PendingCheckpoint) -> None:
        """Writes the file and its row, and removes the files of dropped checkpoints.

        Raises Fenced when the run belongs to another attempt, Unavailable, and
        ArtifactsUnavailable when the file cannot be written.
        """
        name = checkpoint_name(pending.step, self.attempt, for_resume=pending.for_resume)
        with raising_unavailable():
            sha256 = self.artifacts.write(self.run_id, name, pending.content)
        try:
            with unit_of_work(self.engine) as work:
                kept = record_checkpoint(
                    work,
                    run_id=self.run_id,
                    attempt=self.attempt,
                    step=pending.step,
                    name=name,
                    num_bytes=len(pending.content),
                    sha256=sha256,
                    for_resume=pending.for_resume,
                )
        except Fenced:
            self.artifacts.remove(self.run_id, [name])
            raise
        self._remove_all_but(kept)

    def find_start(self) -> tuple[StartPlan, Start | None]:
        """Returns where this attempt starts, and the checkpoint that it continues from, or None.

        Checkpoints that cannot be read are discarded. Raises InvalidData when a fork has no
        checkpoint left that can be read, ArtifactsUnavailable when the artifact folder cannot be
        reached, and Fenced and Unavailable.
        """
        while True:
            with unit_of_work(self.engine) as work:
                plan = plan_start(work, run_id=self.run_id, attempt=self.attempt)
            record = plan.checkpoint
            if record is None:
                if plan.first_step > 0:
                    raise InvalidData(_FORK_DAMAGED)
                return plan, None
            try:
                checkpoint = self._read(record)
            except (Damaged, NotFound, FileDamaged) as error:
                self._discard(record, error)
                continue
            return plan, Start(
                checkpoint=checkpoint, takes=record.takes, followed_steps=plan.followed_steps
            )

    def record_continuation(self, start: Start, device: torch.device) -> None:
        """Records from which step training continues, and what differs from then."""
        notes = start.checkpoint.notes
        with unit_of_work(self.engine) as work:
            continue_run(
                work,
                run_id=self.run_id,
                attempt=self.attempt,
                step=notes.step,
                differences=differences(notes.fingerprint, take_fingerprint(device)),
            )

    def _read(self, record: CheckpointRecord) -> Checkpoint:
        content = self.artifacts.read(self.run_id, record.name)
        if digest_of(content) != record.sha256:
            detail = "The SHA-256 of the file is not that of the checkpoint."
            raise Damaged(detail)
        return unpack(content)

    def _discard(self, record: CheckpointRecord, error: Exception) -> None:
        logger.error("Run %s: checkpoint %d: %s", self.run_id, record.step, error)
        if record.takes is not CheckpointParts.ALL:
            raise InvalidData(_FORK_DAMAGED) from error
        with unit_of_work(self.engine) as work:
            discard_checkpoint(work, run_id=self.run_id, attempt=self.attempt, step=record.step)

    def _remove_all_but(self, kept: tuple[str, ...]) -> None:
        """Removes other files of this attempt and of earlier ones.

        Files of later attempts are kept: this process may have been paused while they were written.
        """
        matches = [_ATTEMPT_OF.fullmatch(name) for name in self.artifacts.names(self.run_id)]
        ours = [match for match in matches if match and int(match[1]) <= self.attempt]
        self.artifacts.remove(self.run_id, [m.string for m in ours if m.string not in kept])
