"""Trains one attempt of a run in the child: builds the task, trains, and stores the run's end.

Every error becomes a stop reason and one sentence for the client; the log has the traceback.
"""

import logging
import os
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

import torch
from sqlalchemy import Engine

from app.artifacts import ArtifactFolder
from app.domain.artifacts import Publication
from app.domain.errors import ArtifactsUnavailable, Fenced
from app.domain.runs import StopReason
from app.domain.task import TaskFacts
from app.domain.telemetry import ReadingBatch
from app.services.attempts.begin_run import begin_run
from app.services.attempts.finish_run import AttemptEnd, finish_run
from app.services.attempts.hold_run import hold_run
from app.services.telemetry.record_batch import record_batch
from app.settings import Settings
from app.store.database import make_engine, unit_of_work
from worker.execution.attempt_clock import AttemptClock
from worker.execution.building import build_of
from worker.execution.commands import ExitCode, TrainCommand
from worker.execution.control_channel import ControlChannel
from worker.execution.failures import explain
from worker.execution.preflight import try_out
from worker.execution.referencing import with_reference
from worker.execution.saving import Checkpoints
from worker.execution.space import ReservedSpace, SpaceNeeded
from worker.publishing.publish import Publisher, Trained
from worker.publishing.run_log import RunLog
from worker.telemetry.sending import OutageRetry, PendingCheckpoint, Sender
from worker.training.checkpoint import Saving, Start
from worker.training.determinism import settle_kernels
from worker.training.loop import train
from worker.training.outcome import Interruption

logger = logging.getLogger(__name__)


def execute(command: TrainCommand, channel: ControlChannel, settings: Settings) -> ExitCode:
    """Trains one attempt of a run and stores its end; returns the child's exit code."""
    # one connection for the sender, one for the thread that trains
    stalled_s = settings.stalled_after_s
    engine = make_engine(settings.database_url, pool_size=2, stalled_after_s=stalled_s)
    return Execution(command, channel, engine, settings, RunLog.attached()).run()


@dataclass(frozen=True, kw_only=True)
class End:
    """How training ended, and the result to publish."""

    stop_reason: StopReason | Interruption
    error: str | None = None
    trained: Trained | None = None


class Execution:
    """One attempt of a run, from the command to the stored end."""

    def __init__(
        self,
        command: TrainCommand,
        channel: ControlChannel,
        engine: Engine,
        settings: Settings,
        log: RunLog,
    ) -> None:
        self._command = command
        self._channel = channel
        self._engine = engine
        self._retry = OutageRetry(on_wait=channel.report_waiting)
        artifacts = ArtifactFolder(root=settings.artifact_root)
        run_id, attempt = command.run_id, command.attempt
        self._checkpoints = Checkpoints(
            engine=engine, artifacts=artifacts, run_id=run_id, attempt=attempt
        )
        self._publisher = Publisher(
            engine=engine, artifacts=artifacts, run_id=run_id, attempt=attempt, log=log
        )
        self._space = ReservedSpace(artifacts, run_id=run_id, attempt=attempt)
        self._checkpoint_every_s = settings.checkpoint_every_s
        self._saved_at = time.monotonic()
        self._clock = AttemptClock(began_at=datetime.now(UTC))
        self._saving = Saving(is_due=self._is_save_due, keep=self._save, keep_best=self._save_best)
        self._sender = Sender(
            self._record,
            save=self._save_checkpoint,
            retry=OutageRetry(),
            on_wait=channel.report_waiting,
            on_fenced=_exit_fenced,
            max_pending_bytes=settings.max_pending_bytes,
        )

    def run(self) -> ExitCode:
        """Trains the run and stores its end; returns the child's exit code."""
        try:
            return self._train_and_finish()
        except Fenced:
            return ExitCode.FENCED
        except Exception:
            logger.exception("Run %s: its end could not be stored.", self._command.run_id)
            return ExitCode.UNFINISHED
        finally:
            self._space.give_all()

    def _train_and_finish(self) -> ExitCode:
        try:
            end = self._train()
            if isinstance(end.stop_reason, Interruption):
                return ExitCode.PAUSED
            self._finish(end.stop_reason, end.error, self._publish(end))
        except ArtifactsUnavailable as error:
            self._hold(error.detail)
            return ExitCode.HELD
        return ExitCode.DONE

    def _hold(self, detail: str) -> None:
        """Queues the run again until the artifact folder can take its files."""
        logger.warning("Run %s waits: %s", self._command.run_id, detail)
        self._space.give_all()

        run_id, attempt = self._command.run_id, self._command.attempt
        wanted = self._space.wanted_bytes

        def write() -> None:
            with unit_of_work(self._engine) as work:
                end = hold_run(
                    work, run_id=run_id, attempt=attempt, wanted_bytes=wanted, detail=detail
                )
            if end is not None:
                finish_run(self._engine, end)

        self._retry.until_available(write)

    def _train(self) -> End:
        """Trains until the end; returns once every reading is acknowledged.

        Raises Fenced and ArtifactsUnavailable.
        """
        try:
            plan, start = self._retry.until_available(self._checkpoints.find_start)
            self._sender.start(first_seq=plan.next_seq)
            try:
                end = self._run_loop(start)
            finally:
                self._sender.drain()
        except (Fenced, ArtifactsUnavailable):
            raise
        except Exception as failure:  # an edge of the process: the error becomes a stop reason
            logger.exception("Run %s failed.", self._command.run_id)
            stop_reason, error = explain(failure)
            return End(stop_reason=stop_reason, error=error)
        return end

    def _run_loop(self, start: Start | None) -> End:
        spec = self._command.spec
        device = torch.device(self._command.device)
        logger.info(
            "Attempt %d of run %s begins on %s: %s on %s.",
            self._command.attempt,
            self._command.run_id,
            device,
            spec.model.kind,
            spec.dataset.kind,
        )
        settle_kernels(device, deterministic=spec.training.deterministic)
        task = self._retry.until_available(lambda: build_of(self._engine, self._command))
        if self._command.preflight_steps is None:
            task = with_reference(self._engine, self._retry, spec.dataset, task)
            self._space.take(SpaceNeeded.of(spec, task))
        if start is not None:
            done = start.checkpoint.notes.step
            logger.info("Run %s continues after %d steps.", self._command.run_id, done)
            self._retry.until_available(
                lambda: self._checkpoints.record_continuation(start, device)
            )
        num_steps = self._command.preflight_steps
        train_run = (
            partial(try_out, num_steps=num_steps)
            if num_steps is not None
            else partial(train, saving=self._saving, start=start)
        )
        outcome = train_run(
            spec,
            task,
            device=device,
            send=self._send,
            begin=self._begin,
            stop_requested=self._stop_requested,
        )
        logger.info("Run %s ends after %d steps.", self._command.run_id, outcome.steps_done)
        trained = Trained(spec=spec, task=task, outcome=outcome)
        return End(stop_reason=outcome.stop_reason, error=outcome.error, trained=trained)

    def _is_save_due(self) -> bool:
        is_time = time.monotonic() - self._saved_at >= self._checkpoint_every_s
        return is_time and not self._sender.is_saving

    def _save(self, step: int, content: bytes) -> None:
        self._sender.send(PendingCheckpoint(step=step, content=content))
        self._saved_at = time.monotonic()

    def _save_best(self, step: int, content: bytes) -> None:
        self._sender.send(PendingCheckpoint(step=step, content=content, for_resume=False))

    def _save_checkpoint(self, pending: PendingCheckpoint) -> None:
        self._space.give_for_checkpoint(len(pending.content))
        self._checkpoints.save(pending)
        self._space.take_again()

    def _stop_requested(self) -> StopReason | Interruption | None:
        self._channel.report_progress()
        if self._channel.is_cancelled():
            return StopReason.CANCELLED
        if self._channel.is_stopped():
            return StopReason.CRITICAL_FINDING
        return Interruption.PAUSED if self._channel.is_paused() else None

    def _begin(self, task: TaskFacts, tensor_names: tuple[str, ...], device: str) -> None:
        def write() -> datetime:
            with unit_of_work(self._engine) as work:
                return begin_run(
                    work,
                    run_id=self._command.run_id,
                    attempt=self._command.attempt,
                    task=task,
                    tensor_names=tensor_names,
                    device=device,
                )

        self._clock = AttemptClock(began_at=self._retry.until_available(write))

    def _send(self, batch: ReadingBatch) -> None:
        """Queues readings of which the last were measured just now."""
        self._sender.send(replace(batch, recorded_at=self._clock.now()))

    def _record(self, *, seq: int, batch: ReadingBatch) -> None:
        with unit_of_work(self._engine) as work:
            record_batch(
                work,
                run_id=self._command.run_id,
                attempt=self._command.attempt,
                seq=seq,
                batch=batch,
            )

    def _publish(self, end: End) -> Publication | None:
        """Publishes the run's files; a preflight has none. Raises ArtifactsUnavailable."""
        if self._command.preflight_steps is not None:
            return None
        self._space.give_all()
        return self._publisher.publish(
            end.trained, spec=self._command.spec, device=torch.device(self._command.device)
        )

    def _finish(
        self, stop_reason: StopReason, error: str | None, publication: Publication | None
    ) -> None:
        end = AttemptEnd(
            run_id=self._command.run_id,
            attempt=self._command.attempt,
            stop_reason=stop_reason,
            error=error,
            publication=publication,
        )
        try:
            self._retry.until_available(lambda: finish_run(self._engine, end))
        finally:
            if publication is not None:
                self._publisher.remove_unused()


def _exit_fenced() -> None:
    """Ends the process at once, because the run belongs to another attempt."""
    logger.info("This attempt is fenced: the run belongs to another one.")
    os._exit(ExitCode.FENCED)
