"""A worker process from boot to exit, as Celery's signals tell it."""

import logging
import os
import signal
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from celery import Celery
from sqlalchemy import Engine

from app import __version__
from app.domain.errors import Unavailable
from app.queue import RunQueue
from app.services.fleet.register_worker import register_worker
from app.settings import Settings
from app.store.database import make_engine, unit_of_work
from worker.celery_app import check_broker, check_worker, count_bells
from worker.supervision.children import ForkServer
from worker.supervision.reconcile import Pace, Sweeper
from worker.supervision.run_slots import Equipment, RunSlots, list_devices
from worker.supervision.stopping import StopSignal
from worker.supervision.worker_records import WorkerRecords

if TYPE_CHECKING:
    from celery.worker import WorkController

logger = logging.getLogger(__name__)

#: Connections beside one for each slot: the sweep, the check-ups, a claim.
SPARE_CONNECTIONS = 4
#: How long a worker that starts waits for a database that is starting too.
BOOT_S = 60.0
#: To kill the children and to give the runs back.
GIVE_BACK_S = 3.0
#: For Celery to leave of its own accord, which a silent broker can keep it from doing.
FAREWELL_S = 1.5
EXIT_CANNOT_START = 78


@dataclass(frozen=True, kw_only=True)
class Station:
    """All that a booted worker consists of."""

    celery: Celery
    engine: Engine
    forkserver: ForkServer
    slots: RunSlots
    records: WorkerRecords


class WorkerLife:
    """One worker process; empty until Celery boots it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stop = StopSignal()
        self._station: Station | None = None
        self._is_seen_out = threading.Event()

    def answer_bell(self) -> int:
        return 0 if self._station is None else self._station.slots.answer_bell()

    def boot(self, sender: "WorkController", **_: object) -> None:
        """In the main thread, before Celery makes its pool: the worker is ready when it returns."""
        try:
            self._station = self._make_station(sender)
        except Exception as error:
            # Celery would log what a receiver raises, and start all the same
            logger.exception("This worker cannot start.")
            raise SystemExit(EXIT_CANNOT_START) from error

    def _make_station(self, sender: "WorkController") -> Station:
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
        worker_id = _enrol(engine, settings, devices=devices, slots=slots)
        equipment = Equipment(worker_id=worker_id, devices=devices, slots=slots)
        return Station(
            celery=sender.app,
            engine=engine,
            forkserver=forkserver,
            slots=RunSlots(settings, engine, forkserver, equipment, self._stop),
            records=WorkerRecords(
                engine=engine,
                worker_id=worker_id,
                queue=RunQueue(settings.broker_url),
                max_crashes=settings.max_crashes,
                max_running_runs=settings.quotas.max_running_runs,
                stalled_after_s=settings.stalled_after_s,
                retention_days=settings.retention_days,
            ),
        )

    def work(self, **_: object) -> None:
        """Start the sweep; with no broker it alone brings runs in."""
        station = self._station
        if station is None:
            raise SystemExit(EXIT_CANNOT_START)
        logger.info("Ready: %s", station.slots)
        settings = self._settings
        sweeper = Sweeper(
            station.slots,
            station.records,
            count_bells=lambda: count_bells(station.celery),
            leave=_leave,
            stop=self._stop,
            pace=Pace(sweep_s=settings.sweep_s, grace_s=2 * settings.heartbeat_s),
        )
        threading.Thread(target=sweeper.run, name="sweeper", daemon=True).start()
        threading.Thread(target=self._see_out, args=(station,), name="exit", daemon=True).start()

    def stop(self, **_: object) -> None:
        """Inside the signal handler: only say so."""
        self._stop.set()

    def leave(self, **_: object) -> None:
        """Celery is done, of whatever reason: wait until the database knows it too."""
        self._stop.set()
        if self._station is not None:
            self._is_seen_out.wait(GIVE_BACK_S + FAREWELL_S)

    def _see_out(self, station: Station) -> None:
        """Wait for the word to stop, and see to it that the process really ends soon after."""
        while not self._stop.wait(3600):
            pass
        deadline = time.monotonic() + GIVE_BACK_S
        while not station.slots.is_idle and time.monotonic() < deadline:
            time.sleep(0.02)
        with suppress(Unavailable):
            station.records.retire()
        station.slots.close()
        self._is_seen_out.set()
        time.sleep(FAREWELL_S)
        logger.warning("Celery did not leave in time.")
        os._exit(0)


def _enrol(engine: Engine, settings: Settings, *, devices: tuple[str, ...], slots: int) -> UUID:
    """Enter the list of workers; the database may be starting too."""
    deadline = time.monotonic() + BOOT_S
    while True:
        try:
            with unit_of_work(engine) as work:
                return register_worker(
                    work,
                    host=socket.gethostname(),
                    pid=os.getpid(),
                    devices=devices,
                    slots=slots,
                    threads_per_run=settings.threads_per_run,
                    release=__version__,
                )
        except Unavailable:
            if time.monotonic() > deadline:
                raise
            time.sleep(1)


def _leave(reason: str) -> None:
    """End as if told to from outside; whoever keeps this process running starts a new one."""
    logger.error("This worker ends: %s.", reason)
    os.kill(os.getpid(), signal.SIGTERM)
