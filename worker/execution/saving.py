"""A run's checkpoints under one attempt: to the artifact store first, then into the database.

Nothing goes on from a file that no row names, and each row names a file that was whole on the disk
before it. Only what this attempt or an earlier one wrote is ever removed.
"""

import logging
import re
from dataclasses import dataclass
from uuid import UUID

import torch
from sqlalchemy import Engine

from app.artifacts import ArtifactFolder, digest_of
from app.domain.checkpoints import CheckpointRecord, Takes, checkpoint_name
from app.domain.errors import Fenced, InvalidData, NotFound
from app.services.attempts.continue_run import continue_run
from app.services.checkpoints.discard_checkpoint import discard_checkpoint
from app.services.checkpoints.plan_start import StartPlan, plan_start
from app.services.checkpoints.record_checkpoint import record_checkpoint
from app.store.database import unit_of_work
from worker.telemetry.sending import SavedMoment
from worker.training.checkpoint import Checkpoint, Damaged, Start, unpack
from worker.training.fingerprint import differences, take_fingerprint

logger = logging.getLogger(__name__)

_ATTEMPT_OF = re.compile(r"checkpoint-\d+-(\d+)\.safetensors(\.part)?")


@dataclass(frozen=True, kw_only=True)
class Checkpoints:
    """Of one run under one attempt."""

    engine: Engine
    artifacts: ArtifactFolder
    run_id: UUID
    attempt: int

    def keep(self, moment: SavedMoment) -> None:
        """Raises Fenced and Unavailable; a disk that takes nothing costs the checkpoint alone."""
        name = checkpoint_name(moment.step, self.attempt)
        try:
            sha256 = self.artifacts.write(self.run_id, name, moment.content)
        except OSError:
            logger.exception("Run %s: no checkpoint at step %d.", self.run_id, moment.step)
            return
        try:
            with unit_of_work(self.engine) as work:
                kept = record_checkpoint(
                    work,
                    run_id=self.run_id,
                    attempt=self.attempt,
                    step=moment.step,
                    name=name,
                    num_bytes=len(moment.content),
                    sha256=sha256,
                )
        except Fenced:
            self.artifacts.remove(self.run_id, [name])
            raise
        self._remove_all_but(kept)

    def find_start(self) -> tuple[StartPlan, Start | None]:
        """The latest checkpoint that can be read; the run is taken back behind all others."""
        while True:
            with unit_of_work(self.engine) as work:
                plan = plan_start(work, run_id=self.run_id, attempt=self.attempt)
            record = plan.checkpoint
            if record is None:
                return plan, None
            try:
                checkpoint = self._read(record)
            except (Damaged, NotFound, OSError) as error:
                self._give_up(record, error)
                continue
            return plan, Start(
                checkpoint=checkpoint, takes=record.takes, followed_steps=plan.followed_steps
            )

    def tell_continued(self, start: Start, device: torch.device) -> None:
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

    def _give_up(self, record: CheckpointRecord, error: Exception) -> None:
        logger.error("Run %s: checkpoint %d: %s", self.run_id, record.step, error)
        if record.takes is not Takes.ALL:
            detail = "The checkpoint that this fork was to begin with cannot be read."
            raise InvalidData(detail) from error
        with unit_of_work(self.engine) as work:
            discard_checkpoint(work, run_id=self.run_id, attempt=self.attempt, step=record.step)

    def _remove_all_but(self, kept: tuple[str, ...]) -> None:
        """Files of later attempts stay: this one may have been paused since its last write."""
        matches = [_ATTEMPT_OF.fullmatch(name) for name in self.artifacts.names(self.run_id)]
        ours = [match for match in matches if match and int(match[1]) <= self.attempt]
        self.artifacts.remove(self.run_id, [m.string for m in ours if m.string not in kept])
