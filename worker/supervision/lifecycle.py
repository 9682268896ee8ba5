"""Starts and stops a worker process, on Celery's signals."""

import logging
import os
import signal
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING
from uuid import UUID

from celery import Celery
from sqlalchemy import Engine

from app import __version__
from app.artifacts import ArtifactFolder
from app.domain.errors import Unavailable
from app.queue import RunQueue
from app.services.fleet.register_worker import register_worker
from app.settings import Settings
from app.store.database import make_engine, unit_of_work
from worker.celery_app import check_broker, check_worker, count_messages
from worker.execution.commands import Device
from worker.supervision.children import ForkServer
from worker.supervision.predictions import Predictions
from worker.supervision.quick_preflights import QuickPreflights
from worker.supervision.registration import Registration, list_devices
from worker.supervision.run_slots import RunSlots
from worker.supervision.stop_signal import StopSignal
from worker.supervision.sweeper import Sweeper, SweepTiming
from worker.supervision.worker_records import WorkerRecords

if TYPE_CHECKING:
    from celery.worker import WorkController

logger = logging.getLogger(__name__)

#: Connections besides one for each slot: for the sweep, diagnoses, a claim, a quick preflight and a
#: prediction.
SPARE_CONNECTIONS = 6
#: A worker that starts waits this long for a database that may be starting too.
DATABASE_START_S = 60.0
#: Time limit for killing the children and releasing the runs.
RELEASE_S = 3.0
#: Time limit for Celery's own exit, which a broker that does not answer can delay.
CELERY_EXIT_S = 1.5
EXIT_CANNOT_START = 78
#: Finish the runs and claim nothing more. SIGTERM stops at once, and Celery uses SIGUSR1.
DRAIN = signal.SIGUSR2


@dataclass(frozen=True, kw_only=True)
class WorkerParts:
    """The parts of a started worker."""

    celery: Celery
    engine: Engine
    forkserver: ForkServer
    slots: RunSlots
    predictions: Predictions
    records: WorkerRecords

    @property
    def are_idle(self) -> bool:
        return self.slots.is_idle and self.predictions.is_idle


class WorkerLifecycle:
    """One worker process. It has no parts until Celery calls `boot`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stop = StopSignal()
        self._parts: WorkerParts | None = None
        self._is_closed = threading.Event()
        self._num_answered = 0
        self._counting = threading.Lock()

    def train_queued(self) -> int:
        """Answers a notification: trains queued runs until there is none; returns their number."""
        with self._counting:
            self._num_answered += 1
        return 0 if self._parts is None else self._parts.slots.train_queued()

    def boot(self, sender: "WorkController", **_: object) -> None:
        """Makes the parts, in the main thread and before Celery makes its pool of threads.

        Raises SystemExit when the worker cannot start.
        """
        try:
            self._parts = self._make_parts(sender)
            signal.signal(DRAIN, self._request_drain)
        except Exception as error:
            # Celery would only log an error of a signal receiver, and start
            logger.exception("This worker cannot start.")
            raise SystemExit(EXIT_CANNOT_START) from error

    def _request_drain(self, _number: int, _frame: FrameType | None) -> None:
        """Lets the worker finish its runs and claim nothing more; inside a signal handler."""
        if self._parts is not None:
            self._parts.slots.is_draining = True

    def _make_parts(self, sender: "WorkController") -> WorkerParts:
        check_worker(sender)
        check_broker(self._settings.broker_url)
        settings, slots = self._settings, int(sender.concurrency)
        forkserver = ForkServer(os.environ, threads_per_run=settings.threads_per_run)
        forkserver.start()
        devices = list_devices(forkserver)
        engine = make_engine(
            settings.database_url,
            pool_size=slots + SPARE_CONNECTIONS,
            stalled_after_s=settings.stalled_after_s,
        )
        artifacts = ArtifactFolder(root=settings.artifact_root)
        artifacts.make()
        worker_id = _register(engine, settings, devices=devices, slots=slots)
        names = tuple(device.name for device in devices)
        registration = Registration(worker_id=worker_id, devices=names, slots=slots)
        run_slots = RunSlots(settings, engine, forkserver, registration, self._stop)
        return WorkerParts(
            celery=sender.app,
            engine=engine,
            forkserver=forkserver,
            slots=run_slots,
            predictions=Predictions(
                settings,
                engine,
                forkserver,
                worker_id=worker_id,
                may_claim=lambda: run_slots.can_claim,
                stop=self._stop,
            ),
            records=WorkerRecords(
                engine=engine,
                worker_id=worker_id,
                queue=RunQueue(settings.broker_url),
                artifacts=artifacts,
                max_crashes=settings.max_crashes,
                quotas=settings.quotas,
                trials=run_slots.trials,
                stalled_after_s=settings.stalled_after_s,
                retention_days=settings.retention_days,
                audit_retention_days=settings.audit_retention_days,
            ),
        )

    def start(self, **_: object) -> None:
        """Starts the sweep, which also claims runs when there is no broker."""
        parts = self._parts
        if parts is None:
            raise SystemExit(EXIT_CANNOT_START)
        logger.info("Ready: %s", parts.slots)
        settings = self._settings
        sweeper = Sweeper(
            parts.slots,
            parts.records,
            count_messages=lambda: count_messages(parts.celery),
            count_answered=lambda: self._num_answered,
            terminate=_terminate,
            stop=self._stop,
            timing=SweepTiming(sweep_s=settings.sweep_s, grace_s=2 * settings.heartbeat_s),
        )
        quick = QuickPreflights(parts.slots, self._stop)
        threading.Thread(target=sweeper.run, name="sweeper", daemon=True).start()
        threading.Thread(target=quick.run, name="quick-preflights", daemon=True).start()
        threading.Thread(target=parts.predictions.run, name="predictions", daemon=True).start()
        threading.Thread(
            target=self._close_after_stop, args=(parts,), name="exit", daemon=True
        ).start()

    def request_stop(self, **_: object) -> None:
        """Tells all threads to stop; does no more, because it runs inside a signal handler."""
        self._stop.set()

    def wait_until_closed(self, **_: object) -> None:
        """Waits, when Celery ends, until the runs are released and the worker is retired."""
        self._stop.set()
        if self._parts is not None:
            self._is_closed.wait(RELEASE_S + CELERY_EXIT_S)

    def _close_after_stop(self, parts: WorkerParts) -> None:
        """Waits for the stop signal, closes the worker, and ends the process if Celery does not."""
        while not self._stop.wait(3600):
            pass
        deadline = time.monotonic() + RELEASE_S
        while (
            not (parts.slots.is_idle and parts.predictions.is_idle) and time.monotonic() < deadline
        ):
            time.sleep(0.02)
        with suppress(Unavailable):
            parts.records.retire()
        parts.slots.close()
        self._is_closed.set()
        time.sleep(CELERY_EXIT_S)
        logger.warning("Celery did not end in time.")
        os._exit(0)


def _register(
    engine: Engine, settings: Settings, *, devices: tuple[Device, ...], slots: int
) -> UUID:
    """Registers the worker; waits for a database that is starting too."""
    deadline = time.monotonic() + DATABASE_START_S
    while True:
        try:
            with unit_of_work(engine) as work:
                return register_worker(
                    work,
                    host=socket.gethostname(),
                    pid=os.getpid(),
                    devices=[device.name for device in devices],
                    slots=slots,
                    threads_per_run=settings.threads_per_run,
                    release=__version__,
                    device_memory_bytes=[device.memory_bytes for device in devices],
                    slowness=devices[-1].slowness,
                )
        except Unavailable:
            if time.monotonic() > deadline:
                raise
            time.sleep(1)


def _terminate(reason: str) -> None:
    """Ends this process with SIGTERM; the service's supervisor or container starts a new one."""
    logger.error("This worker ends: %s.", reason)
    os.kill(os.getpid(), signal.SIGTERM)
