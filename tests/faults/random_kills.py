"""Kills training processes at random moments of their lives, and now and then their workers."""

import os
import signal
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from random import Random

from tests.faults.clinic import Clinic
from tests.workers import WorkerProcess

#: A training process is left alone with this probability, so that each run ends in the end.
MERCY = 0.28
#: Of those that are not, so many take a larger part with them.
WORKER_SHARE, FORKSERVER_SHARE = 0.03, 0.01


@dataclass(frozen=True, kw_only=True)
class PlannedKill:
    """What will happen to one training process; decided when it is first seen."""

    at_s: float
    victim: str


class RandomKills:
    """Every decision comes from `random`; what they hit depends on the machine too."""

    def __init__(self, clinic: Clinic, random: Random, *, longest_life_s: float) -> None:
        self._clinic, self._random, self._longest_life_s = clinic, random, longest_life_s
        self._planned: dict[int, PlannedKill | None] = {}
        #: SIGKILLs by whom they hit.
        self.kills: Counter[str] = Counter()

    @property
    def num_kills(self) -> int:
        return self.kills.total()

    def look(self) -> None:
        """Kill whose time has come."""
        for worker in self._clinic.group.ready:
            # a worker that is just dying has no children to speak of
            with suppress(OSError, ValueError):
                for pid in worker.training():
                    self._visit(worker, pid)

    def kill_api(self) -> None:
        if self._clinic.api.pid is not None:
            self._clinic.api.kill()
            self.kills["API"] += 1

    def _visit(self, worker: WorkerProcess, pid: int) -> None:
        if pid not in self._planned:
            self._planned[pid] = self._draw()
        planned = self._planned[pid]
        if planned is not None and time.monotonic() >= planned.at_s:
            self._planned[pid] = None
            target = {
                "training process": pid,
                "forkserver": worker.forkserver(),
                "worker": worker.pid,
            }
            os.kill(target[planned.victim], signal.SIGKILL)
            self.kills[planned.victim] += 1

    def _draw(self) -> PlannedKill | None:
        if self._random.random() < MERCY:
            return None
        draw = self._random.random()
        victim = "training process"
        if draw < WORKER_SHARE:
            victim = "worker"
        elif draw < WORKER_SHARE + FORKSERVER_SHARE:
            victim = "forkserver"
        return PlannedKill(
            at_s=time.monotonic() + self._random.uniform(0, self._longest_life_s), victim=victim
        )
