"""Each named moment times each way to be hit there: the run ends as if nothing had been."""

import logging
import os
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from uuid import UUID

from app.domain.runs import StopReason
from tests.faults.checker import compare, compare_beginning
from tests.faults.clinic import Clinic
from tests.faults.crash_points import POINTS, Kind, Point, Scene
from tests.faults.injecting import ORDER, done
from tests.faults.results import Result
from tests.faults.sleep import resume
from tests.faults.work import Tally, Work, small_spec
from tests.processes import descendants
from tests.workers import wait_until

logger = logging.getLogger(__name__)

#: A stopped process that holds a transaction open holds the run too, for 30 s.
LONGEST_S = 240.0
#: Of a case whose moment a run may pass unseen.
MAX_TRIES = 5
#: How long an API sleeps, which holds no lease.
API_SLEEP_S = 3.0
#: Long enough, in each scene, not to end before what is to happen in it: a heartbeat takes 1 s.
NUM_STEPS = {Scene.POST: 150, Scene.TRAIN: 600, Scene.LOSE: 600, Scene.CANCEL: 2000}


@dataclass(frozen=True, kw_only=True)
class Case:
    """One point and what happens there."""

    name: str
    kind: Kind

    @property
    def point(self) -> Point:
        return POINTS[self.name]

    def __str__(self) -> str:
        return f"{self.kind} at {self.name!r}"


ALL_CASES = tuple(Case(name=name, kind=kind) for name in POINTS for kind in Kind)


class Rehearsal:
    """Plays one case after the other on one clinic, whose processes have the faults injected."""

    def __init__(self, clinic: Clinic) -> None:
        self._clinic = clinic
        self._order = Path(clinic.group.changes[ORDER])
        clinic.group.of(2)
        self._works: dict[int, Work] = {}
        self.tally = Tally()

    def play(self, case: Case) -> None:
        """What is wrong afterwards goes into the tally."""
        self._clinic.group.of(2)
        done(self._order).unlink(missing_ok=True)
        try:
            run_id = self._act(case)
            if case.kind is Kind.STOP and case.point.scene is not Scene.POST:
                self._oversleep(run_id)
            self._clinic.runs.wait_for_end(run_id, within_s=LONGEST_S)
            self._judge(case, run_id)
        except AssertionError as error:
            self.tally.complain(f"{case}: {str(error)[-500:]}")
        finally:
            self._order.unlink(missing_ok=True)

    def _work(self, case: Case) -> Work:
        """The runs of its scene, whose undisturbed twin is trained at the first call."""
        num_steps = NUM_STEPS[case.point.scene]
        if num_steps not in self._works:
            training = {"num_steps": num_steps, "batch_size": 4, "evaluate_every": 50}
            self._works[num_steps] = Work(self._clinic, [small_spec(training=training)])
        return self._works[num_steps]

    def _act(self, case: Case) -> UUID:
        """Bring the case about; returns when it has happened."""
        for _ in range(MAX_TRIES):
            run_id = self._try(case)
            if run_id is not None:
                return run_id
            logger.info("The run was over before it came to the point.")
        msg = f"no run came to the point in {MAX_TRIES} tries"
        raise AssertionError(msg)

    def _try(self, case: Case) -> UUID | None:
        """None where nothing happened: a heartbeat may find the end, and kill, before the point."""
        work = self._work(case)
        match case.point.scene:
            case Scene.TRAIN:
                self._give(case)
                run_id = work.submit()
            case Scene.POST:
                return self._post(case, work)
            case Scene.LOSE:
                run_id = work.submit()
                self._wait_for_checkpoint(work, run_id)
                self._give(case)
                self._kill_training()
            case Scene.CANCEL:
                run_id = work.submit()
                self._wait_for_checkpoint(work, run_id)
                self._give(case)
                self._clinic.group.cancel(run_id)
        wait_until(lambda: self._is_done() or self._is_missed(run_id), within_s=LONGEST_S)
        return None if self._is_withdrawn() else run_id

    def _is_withdrawn(self) -> bool:
        """False where somebody has carried the order out; afterwards nobody will."""
        try:
            self._order.unlink()
        except FileNotFoundError:
            self._wait_until_done()
            return False
        return True

    def _is_missed(self, run_id: UUID) -> bool:
        has_ended = self._clinic.runs.get(run_id).status.has_ended
        # in this order: who still trains may still come to the point
        return has_ended and not self._clinic.group.is_training() and not self._is_done()

    def _give(self, case: Case) -> None:
        draft = self._order.with_suffix(".draft")
        draft.write_text(f"{case.kind}|{case.name}")
        draft.rename(self._order)

    def _is_done(self) -> bool:
        """And the process is told whose tree it is."""
        order = done(self._order)
        return order.exists() and order.read_text().isdecimal()

    def _wait_until_done(self) -> None:
        wait_until(self._is_done, within_s=LONGEST_S)

    def _wait_for_checkpoint(self, work: Work, run_id: UUID) -> None:
        wait_until(lambda: work.has_checkpoint(run_id), within_s=LONGEST_S)

    def _kill_training(self) -> None:
        [pid] = set().union(*(worker.training() for worker in self._clinic.group.ready))
        os.kill(pid, signal.SIGKILL)

    def _post(self, case: Case, work: Work) -> UUID:
        self._clinic.open_api()
        self._give(case)
        waker = threading.Thread(target=self._wake_api)
        waker.start()
        while (run_id := work.post()) is None:
            self._clinic.api.keep()
            time.sleep(0.2)
        waker.join()
        return run_id

    def _wake_api(self) -> None:
        self._wait_until_done()
        time.sleep(API_SLEEP_S)
        resume({int(done(self._order).read_text())})

    def _oversleep(self, run_id: UUID) -> None:
        """Until another attempt has the run, or it has ended."""
        attempt = self._clinic.runs.get(run_id).attempt

        def is_over() -> bool:
            run = self._clinic.runs.get(run_id)
            return run.attempt > attempt or run.status.has_ended

        root = int(done(self._order).read_text())
        try:
            wait_until(is_over, within_s=LONGEST_S)
        finally:
            resume({root, *descendants(root)})

    def _judge(self, case: Case, run_id: UUID) -> None:
        work = self._work(case)
        run, undisturbed = work.remains(run_id), work.undisturbed(run_id)
        end = _end_of(case)
        if run.stop_reason != end:
            self.tally.complain(f"{case}: the run ended as {run.stop_reason}: {run.error}")
        is_whole = end is StopReason.COMPLETED
        found = (compare if is_whole else compare_beginning)(run, undisturbed)
        self.tally.add(run_id, run, found)
        if not found.is_equal:
            self.tally.complain(f"{case}: see run {run_id}")


def _end_of(case: Case) -> StopReason:
    if case.point.may_crash and case.kind is Kind.RAISE:
        return StopReason.CRASHED
    is_cancelled = case.point.scene is Scene.CANCEL
    return StopReason.CANCELLED if is_cancelled else StopReason.COMPLETED


def rehearse(clinic: Clinic, random: Random, *, cases: Sequence[Case] = ALL_CASES) -> Result:
    """In any order: none depends on another."""
    rehearsal = Rehearsal(clinic)
    for case in random.sample(cases, len(cases)):
        logger.info("%s", case)
        rehearsal.play(case)
    tally = rehearsal.tally
    figures = {
        "points": len({case.name for case in cases}),
        "cases": len(cases),
        **tally.figures(),
    }
    return Result(passed=tally.is_clean, figures=figures, complaints=tally.complaints)
