"""One worker process: its slots, its devices, its forkserver and the runs it trains.

Runs come in two ways: a bell (a Celery task) or a look of its own at the queue, for when bells are
lost or the broker is away. Both take a slot, claim the best queued run, and go on claiming until
there is none.
"""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from uuid import UUID

from sqlalchemy import Engine

from app.domain.errors import Fenced, Unavailable
from app.domain.runs import Run
from app.settings import Settings
from worker.execution.orders import DEVICES, ListDevicesOrder, TrainOrder
from worker.supervision.children import ForkServer
from worker.supervision.placement import place
from worker.supervision.run_records import RunRecords, claim
from worker.supervision.stopping import StopSignal
from worker.supervision.supervise import Policy, Supervisor

logger = logging.getLogger(__name__)


def list_devices(forkserver: ForkServer) -> tuple[str, ...]:
    """Ask a child, which also proves that the forkserver can fork."""
    child = forkserver.spawn(ListDevicesOrder())
    try:
        return DEVICES.validate_json(child.answer())
    finally:
        child.kill()
        child.close()


@dataclass(frozen=True, kw_only=True)
class Equipment:
    """What a worker has, once it is ready."""

    worker_id: UUID
    devices: tuple[str, ...]
    slots: int


class RunSlots:
    """Trains at most `slots` runs side by side."""

    def __init__(
        self,
        settings: Settings,
        engine: Engine,
        forkserver: ForkServer,
        equipment: Equipment,
        stop: StopSignal,
    ) -> None:
        self._settings = settings
        self._engine = engine
        self._forkserver = forkserver
        self._equipment = equipment
        self._stop = stop
        self._free_slots: SimpleQueue[int] = SimpleQueue()
        for slot in range(equipment.slots):
            self._free_slots.put(slot)
        # one at a time: a diagnosis reads all of a run's telemetry
        self._check_ups = ThreadPoolExecutor(max_workers=1, thread_name_prefix="check-up")
        self._policy = Policy(heartbeat_s=settings.heartbeat_s)

    def __str__(self) -> str:
        return f"{self._equipment.slots} slots on {', '.join(self._equipment.devices)}"

    @property
    def num_free_slots(self) -> int:
        return self._free_slots.qsize()

    @property
    def is_idle(self) -> bool:
        return self.num_free_slots == self._equipment.slots

    @property
    def can_train(self) -> bool:
        return self._forkserver.is_alive

    def answer_bell(self) -> int:
        """Train queued runs one after another while there are any; how many it were."""
        slot = self._take_slot()
        if slot is None:
            return 0
        run = self._claim()
        if run is None:
            self._free_slots.put(slot)
            return 0
        return self._train_from(run, slot)

    def look(self) -> bool:
        """Claim without a bell; training then goes on in a thread of its own."""
        slot = self._take_slot()
        if slot is None:
            return False
        run = self._claim()
        if run is None:
            self._free_slots.put(slot)
            return False
        threading.Thread(target=self._train_from, args=(run, slot), name=f"slot-{slot}").start()
        return True

    def close(self) -> None:
        """Once the runs are given back: end the forkserver and the connections."""
        self._check_ups.shutdown(wait=False, cancel_futures=True)
        self._forkserver.stop()
        self._engine.dispose()

    def _train_from(self, first: Run, slot: int) -> int:
        num_trained = 0
        run: Run | None = first
        try:
            while run is not None:
                self._train(run, slot)
                num_trained += 1
                run = self._claim()
        finally:
            self._free_slots.put(slot)
        return num_trained

    def _take_slot(self) -> int | None:
        try:
            return self._free_slots.get_nowait()
        except Empty:
            return None

    def _claim(self) -> Run | None:
        if self._stop.is_set() or not self.can_train:
            return None
        try:
            return claim(
                self._engine,
                worker_id=self._equipment.worker_id,
                devices=self._equipment.devices,
                lease_s=self._settings.lease_s,
                max_running_runs=self._settings.quotas.max_running_runs,
            )
        except Unavailable as error:
            logger.warning("Nothing can be claimed: %s", error.detail)
            return None

    def _train(self, run: Run, slot: int) -> None:
        records = RunRecords(
            engine=self._engine,
            run_id=run.id,
            attempt=run.attempt,
            lease_s=self._settings.lease_s,
            max_crashes=self._settings.max_crashes,
        )
        order = TrainOrder(
            run_id=run.id,
            workspace_id=run.workspace_id,
            attempt=run.attempt,
            spec=run.spec,
            device=place(run.spec.training.device, self._equipment.devices, slot=slot),
            preflight_steps=run.preflight_steps,
        )
        logger.info("Run %s attempt %d trains on %s.", run.id, run.attempt, order.device)
        try:
            child = self._forkserver.spawn(order)
        except Unavailable:
            logger.exception("Run %s could not be started.", run.id)
            with suppress(Fenced, Unavailable):
                records.give_back()
            return
        Supervisor(
            run,
            child,
            records=records,
            stop=self._stop,
            policy=self._policy,
            check_up=self._check_up,
        ).watch()
        logger.info("Run %s attempt %d is over here.", run.id, run.attempt)

    def _check_up(self, diagnose: Callable[[], None]) -> Future[None]:
        return self._check_ups.submit(_examine, diagnose)


def _examine(diagnose: Callable[[], None]) -> None:
    try:
        diagnose()
    except (Fenced, Unavailable) as error:
        logger.info("A run in progress was not diagnosed: %s", error.detail)
    except Exception:
        # the run goes on, and the next check-up may succeed
        logger.exception("A run in progress could not be diagnosed.")
