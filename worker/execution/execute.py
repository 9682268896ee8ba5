"""In the child: carry out one order. Build the task, train, and write the run's end.

Everything that can go wrong ends here as a stop reason with one sentence for people; the rest of
the story is in the log.
"""

import logging
import os
import socket
import time
from dataclasses import dataclass
from functools import partial
from typing import assert_never

import torch
from sqlalchemy import Engine

from app.artifacts import ArtifactFolder
from app.domain.artifacts import Publication
from app.domain.errors import Fenced, InvalidInput, NotFound
from app.domain.runs import StopReason
from app.domain.task import TaskFacts
from app.domain.telemetry import ReadingBatch
from app.services.attempts.begin_run import begin_run
from app.services.attempts.finish_run import finish_run
from app.services.telemetry.record_batch import record_batch
from app.settings import Settings
from app.store.database import make_engine, unit_of_work
from app.store.datasets import read_content
from worker.datasets.build import build_task
from worker.datasets.task import Task
from worker.execution.child_line import ChildLine
from worker.execution.orders import DEVICES, ORDERS, ExitCode, ListDevicesOrder, TrainOrder
from worker.execution.preflight import try_out
from worker.execution.saving import Checkpoints
from worker.publishing.publish import Publisher, Trained
from worker.publishing.run_log import RunLog
from worker.telemetry.sending import Patience, SavedMoment, Sender
from worker.training.checkpoint import Saving, Start
from worker.training.determinism import settle_kernels
from worker.training.loop import Interruption, train

logger = logging.getLogger(__name__)

#: What torch says where memory is lacking and it has no exception class for that: the CPU's
#: allocator, the CUDA runtime (which needs some to start), and the libraries' own workspaces.
OUT_OF_MEMORY_WORDS = (
    "DefaultCPUAllocator",
    "CUDA error: out of memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
)
MAX_ERROR_CHARACTERS = 500


def carry_out(control: socket.socket, settings: Settings) -> ExitCode:
    """What a freshly forked child does until it exits."""
    line = ChildLine(control)
    order = ORDERS.validate_json(line.read_order())
    match order:
        case ListDevicesOrder():
            line.answer(DEVICES.dump_json(list_devices()))
            return ExitCode.DONE
        case TrainOrder():
            torch.set_num_threads(settings.threads_per_run)
            # one connection for the sender, one for the thread that trains
            stalled_after_s = settings.stalled_after_s
            engine = make_engine(
                settings.database_url, pool_size=2, stalled_after_s=stalled_after_s
            )
            return Execution(order, line, engine, settings, RunLog.attached()).run()
        case _:
            assert_never(order)


def list_devices() -> tuple[str, ...]:
    """Names as torch has them; wakes CUDA, so only a child may ask."""
    num_gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    return ("cpu", *(f"cuda:{index}" for index in range(num_gpus)))


@dataclass(frozen=True, kw_only=True)
class End:
    """How training ended, and what there is to publish."""

    stop_reason: StopReason | Interruption
    error: str | None = None
    trained: Trained | None = None


class Execution:
    """One run under one attempt, from the order to its end in the database."""

    def __init__(
        self,
        order: TrainOrder,
        line: ChildLine,
        engine: Engine,
        settings: Settings,
        log: RunLog,
    ) -> None:
        self._order = order
        self._line = line
        self._engine = engine
        self._patience = Patience(tick=line.wait)
        artifacts = ArtifactFolder(root=settings.artifact_root)
        self._checkpoints = Checkpoints(
            engine=engine, artifacts=artifacts, run_id=order.run_id, attempt=order.attempt
        )
        self._publisher = Publisher(
            engine=engine, artifacts=artifacts, run_id=order.run_id, attempt=order.attempt, log=log
        )
        self._checkpoint_every_s = settings.checkpoint_every_s
        self._saved_at = time.monotonic()
        self._saving = Saving(is_due=self._is_save_due, keep=self._save)
        self._sender = Sender(
            self._record,
            keep=self._checkpoints.keep,
            patience=Patience(),
            on_wait=line.wait,
            on_fenced=_leave_fenced,
            max_pending_bytes=settings.max_pending_bytes,
        )

    def run(self) -> ExitCode:
        try:
            end = self._train()
            if isinstance(end.stop_reason, Interruption):
                return ExitCode.PAUSED
            self._finish(end.stop_reason, end.error, self._publish(end))
        except Fenced:
            return ExitCode.FENCED
        except Exception:
            logger.exception("Run %s: its end could not be written.", self._order.run_id)
            return ExitCode.UNFINISHED
        return ExitCode.DONE

    def _train(self) -> End:
        """Train until the end, whatever it is, and have every reading acknowledged."""
        try:
            plan, start = self._patience.through_outages(self._checkpoints.find_start)
            self._sender.start(first_seq=plan.next_seq)
            try:
                end = self._run_loop(start)
            finally:
                self._sender.drain()
        except Fenced:
            raise
        except Exception as failure:  # the edge of this process: it becomes a stop reason
            logger.exception("Run %s failed.", self._order.run_id)
            stop_reason, error = explain(failure)
            return End(stop_reason=stop_reason, error=error)
        return end

    def _run_loop(self, start: Start | None) -> End:
        spec = self._order.spec
        device = torch.device(self._order.device)
        logger.info(
            "Attempt %d of run %s begins on %s: %s on %s.",
            self._order.attempt,
            self._order.run_id,
            device,
            spec.model.kind,
            spec.dataset.kind,
        )
        settle_kernels(device, deterministic=spec.training.deterministic)
        task = self._build_task()
        if start is not None:
            done = start.checkpoint.notes.step
            logger.info("Run %s goes on after %d steps.", self._order.run_id, done)
            self._patience.through_outages(lambda: self._checkpoints.tell_continued(start, device))
        num_steps = self._order.preflight_steps
        follow = (
            partial(try_out, num_steps=num_steps)
            if num_steps is not None
            else partial(train, saving=self._saving, start=start)
        )
        outcome = follow(
            spec,
            task,
            device=device,
            send=self._sender.send,
            begin=self._begin,
            stop_requested=self._stop_requested,
        )
        logger.info("Run %s ends after %d steps.", self._order.run_id, outcome.steps_done)
        trained = Trained(spec=spec, task=task, outcome=outcome)
        return End(stop_reason=outcome.stop_reason, error=outcome.error, trained=trained)

    def _is_save_due(self) -> bool:
        is_time = time.monotonic() - self._saved_at >= self._checkpoint_every_s
        return is_time and not self._sender.is_saving

    def _save(self, step: int, content: bytes) -> None:
        self._sender.send(SavedMoment(step=step, content=content))
        self._saved_at = time.monotonic()

    def _build_task(self) -> Task:
        dataset = self._order.spec.dataset
        dataset_id = getattr(dataset, "dataset_id", None)
        if dataset_id is None:
            return build_task(dataset, upload=None)

        def read() -> bytes | None:
            with unit_of_work(self._engine) as work:
                try:
                    return read_content(work.session, self._order.workspace_id, dataset_id)
                except NotFound:
                    return None

        return build_task(dataset, upload=self._patience.through_outages(read))

    def _stop_requested(self) -> StopReason | Interruption | None:
        self._line.tick()
        if self._line.is_cancelled():
            return StopReason.CANCELLED
        return Interruption.PAUSED if self._line.is_paused() else None

    def _begin(self, task: TaskFacts, tensor_names: tuple[str, ...], device: str) -> None:
        def write() -> None:
            with unit_of_work(self._engine) as work:
                begin_run(
                    work,
                    run_id=self._order.run_id,
                    attempt=self._order.attempt,
                    task=task,
                    tensor_names=tensor_names,
                    device=device,
                )

        self._patience.through_outages(write)

    def _record(self, *, seq: int, batch: ReadingBatch) -> None:
        with unit_of_work(self._engine) as work:
            record_batch(
                work,
                run_id=self._order.run_id,
                attempt=self._order.attempt,
                seq=seq,
                batch=batch,
            )

    def _publish(self, end: End) -> Publication | None:
        """Preflights leave no files."""
        if self._order.preflight_steps is not None:
            return None
        return self._publisher.publish(end.trained, device=torch.device(self._order.device))

    def _finish(
        self, stop_reason: StopReason, error: str | None, publication: Publication | None
    ) -> None:
        def write() -> None:
            with unit_of_work(self._engine) as work:
                finish_run(
                    work,
                    run_id=self._order.run_id,
                    attempt=self._order.attempt,
                    stop_reason=stop_reason,
                    error=error,
                    publication=publication,
                )

        try:
            self._patience.through_outages(write)
        finally:
            if publication is not None:
                self._publisher.tidy()


def explain(failure: Exception) -> tuple[StopReason, str]:
    """The stop reason of a run that raised, and one sentence for people."""
    if isinstance(failure, InvalidInput):
        further = [
            f"{problem.pointer}: {problem.detail}"
            for problem in failure.problems[:1]
            if problem.detail not in failure.detail
        ]
        sentence = " ".join([failure.detail, *further])
        return StopReason.INVALID_DATA, sentence[:MAX_ERROR_CHARACTERS]
    words = str(failure).strip().splitlines()
    if isinstance(failure, MemoryError | torch.OutOfMemoryError) or (
        isinstance(failure, RuntimeError)
        and any(words_of_torch in str(failure) for words_of_torch in OUT_OF_MEMORY_WORDS)
    ):
        sentence = words[0] if words else "an allocation failed"
        return StopReason.OUT_OF_MEMORY, f"Out of memory: {sentence}"[:MAX_ERROR_CHARACTERS]
    sentence = f"{type(failure).__name__}: {words[0]}" if words else type(failure).__name__
    return StopReason.CRASHED, sentence[:MAX_ERROR_CHARACTERS]


def _leave_fenced() -> None:
    """Another worker has the run: not even the step under way matters any more."""
    logger.info("This attempt is over; another one has the run.")
    os._exit(ExitCode.FENCED)
