"""The place for one prediction beside the slots, since a client waits for it.

A thread looks for a prediction several times a second. A child computes it, with a bound on its
memory and its time; this thread renews the lease meanwhile, and ends the child when the prediction
was cancelled or belongs to another attempt.
"""

import logging
import select
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Engine

from app.domain.errors import Fenced, TooLarge, Unavailable
from app.domain.predictions import FEWER, MAX_SECONDS, Failure, Prediction
from app.services.predictions.claim_prediction import claim_prediction
from app.services.predictions.finish_prediction import finish_prediction
from app.services.predictions.renew_prediction import give_back_prediction, renew_prediction
from app.settings import Settings
from app.store.database import unit_of_work
from worker.execution.commands import ExitCode, PredictCommand
from worker.supervision.children import Child, ForkServer
from worker.supervision.oom import count_oom_kills
from worker.supervision.stop_signal import StopSignal

logger = logging.getLogger(__name__)

#: Seconds between two looks for a prediction.
LOOK_EVERY_S = 0.25


class Predictions:
    """Computes predictions, one after the other, in its own thread until the worker stops."""

    def __init__(
        self,
        settings: Settings,
        engine: Engine,
        forkserver: ForkServer,
        *,
        worker_id: UUID,
        may_claim: Callable[[], bool],
        stop: StopSignal,
        max_seconds: float = MAX_SECONDS,
    ) -> None:
        self._settings = settings
        self._engine = engine
        self._forkserver = forkserver
        self._worker_id = worker_id
        self._may_claim = may_claim
        self._stop = stop
        self._max_seconds = max_seconds
        self.is_idle = True

    def run(self) -> None:
        """Looks periodically; an error ends one look only."""
        while not self._stop.wait(LOOK_EVERY_S):
            try:
                while self.compute_next():
                    pass
            except Exception:
                # an edge of the process: the next look may succeed
                logger.exception("Predictions could not be looked for.")

    def compute_next(self) -> bool:
        """Computes the next prediction; returns False where none waits."""
        if not self._may_claim():
            return False
        self.is_idle = False
        try:
            with unit_of_work(self._engine) as work:
                found = claim_prediction(
                    work, worker_id=self._worker_id, lease_s=self._settings.lease_s
                )
            if found is not None:
                self._compute(found)
        except Unavailable as error:
            logger.warning("No prediction can be claimed: %s", error.detail)
            return False
        finally:
            self.is_idle = True
        return found is not None

    def _compute(self, prediction: Prediction) -> None:
        records = _Records(self._engine, prediction, lease_s=self._settings.lease_s)
        command = PredictCommand(prediction_id=prediction.id, attempt=prediction.attempt)
        oom_kills = count_oom_kills()
        try:
            child = self._forkserver.spawn(command)
        except Unavailable:
            with suppress(Fenced, Unavailable):
                records.give_back(has_crashed=False)
            raise
        try:
            if self._watch(child, records):
                _record_exit(child, records, is_oom=count_oom_kills() > oom_kills)
        except Fenced:
            logger.info("Prediction %s was cancelled, or is another worker's.", prediction.id)
        finally:
            child.kill()
            child.close()

    def _watch(self, child: Child, records: "_Records") -> bool:
        """Waits for the child's end; returns False where it had to be stopped. Raises Fenced."""
        deadline = time.monotonic() + self._max_seconds
        while not child.has_ended():
            left_s = deadline - time.monotonic()
            if self._stop.is_set():
                child.kill()
                records.give_back(has_crashed=False)
                return False
            if left_s <= 0:
                child.kill()
                detail = f"The prediction takes more than {self._max_seconds:g} s; {FEWER}."
                records.finish(Failure(code=TooLarge.code, detail=detail))
                return False
            waited_s = min(left_s, self._settings.heartbeat_s)
            if not select.select([child.status_fd, self._stop.fd], [], [], waited_s)[0]:
                with suppress(Unavailable):  # the next heartbeat may succeed
                    records.renew()
        return True


@dataclass(frozen=True)
class _Records:
    """Writes about one prediction for one attempt. Each method may raise Fenced and Unavailable."""

    engine: Engine
    prediction: Prediction
    lease_s: float

    def renew(self) -> None:
        with unit_of_work(self.engine) as work:
            renew_prediction(
                work,
                prediction_id=self.prediction.id,
                attempt=self.prediction.attempt,
                lease_s=self.lease_s,
            )

    def give_back(self, *, has_crashed: bool) -> None:
        """Queues the prediction again; after too many crashes it fails."""
        with unit_of_work(self.engine) as work:
            give_back_prediction(
                work,
                prediction_id=self.prediction.id,
                attempt=self.prediction.attempt,
                has_crashed=has_crashed,
            )

    def finish(self, failure: Failure) -> None:
        with unit_of_work(self.engine) as work:
            finish_prediction(
                work,
                prediction_id=self.prediction.id,
                attempt=self.prediction.attempt,
                outcome=failure,
            )


def _record_exit(child: Child, records: _Records, *, is_oom: bool) -> None:
    """Stores what an exit code means, unless the child stored the end itself. Raises Fenced."""
    code = child.exit_code
    if code in {ExitCode.DONE, ExitCode.FENCED}:
        return
    if code == -signal.SIGKILL and is_oom:
        detail = f"The machine has too little memory for the prediction; {FEWER}."
        records.finish(Failure(code=TooLarge.code, detail=detail))
        return
    logger.error("Prediction %s: its process ended with %s.", records.prediction.id, code)
    records.give_back(has_crashed=True)
