"""Breaks whatever it can reach of a clinic, at random, and mends after a while what cannot mend."""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from random import Random

from tests.faults.clinic import Clinic
from tests.faults.sleep import pause, resume

#: Beyond the lease of the fast preset.
LONGEST_SLEEP_S = 8.0
LONGEST_OUTAGE_S = 4.0


class Nemesis:
    """Every decision comes from `random`; each part of the clinic is in trouble once at a time."""

    def __init__(self, clinic: Clinic, random: Random) -> None:
        self._clinic, self._random = clinic, random
        #: What is to be done when, and for which part.
        self._mendings: dict[str, tuple[float, Callable[[], object]]] = {}
        #: Faults by what was done.
        self.faults: Counter[str] = Counter()
        self._repertoire: dict[str, tuple[str, int, Callable[[], object]]] = {
            "SIGKILL of a training process": ("runs", 6, self._kill_training),
            "SIGKILL of a worker": ("workers", 1, self._kill_worker),
            "a worker that sleeps": ("workers", 2, self._put_to_sleep),
            "SIGKILL of the API": ("api", 1, clinic.api.kill),
            "SIGKILL of the broker": ("broker", 2, self._kill_broker),
            "FLUSHALL": ("broker", 1, clinic.flush_broker),
            "a silent broker": ("broker", 1, self._silence_broker),
            "the broker's connections cut": ("broker", 1, clinic.to_broker.cut),
            "SIGKILL of the database": ("database", 1, self._kill_database),
            "the database's connections cut": ("database", 2, clinic.to_database.cut),
            "a lost reply to a commit": ("database", 3, self._lose_reply),
        }

    def strike(self) -> None:
        """One fault, of a part that is well."""
        names = [
            name for name, (part, _, _) in self._repertoire.items() if part not in self._mendings
        ]
        weights = [self._repertoire[name][1] for name in names]
        [name] = self._random.choices(names, weights)
        try:
            self._repertoire[name][2]()
        except (LookupError, OSError, ValueError):
            return  # who was to be hit had just gone
        self.faults[name] += 1

    def tend(self) -> None:
        """Mend what has been broken for long enough."""
        for part, (at_s, mend) in list(self._mendings.items()):
            if time.monotonic() >= at_s:
                del self._mendings[part]
                mend()

    def make_peace(self) -> None:
        """Mend all of it now."""
        for _, mend in self._mendings.values():
            mend()
        self._mendings.clear()

    def _mend_later(self, part: str, mend: Callable[[], object], *, longest_s: float) -> None:
        self._mendings[part] = (time.monotonic() + self._random.uniform(0, longest_s), mend)

    def _kill_training(self) -> None:
        training = [pid for worker in self._clinic.group.ready for pid in worker.training()]
        os.kill(self._random.choice(sorted(training)), signal.SIGKILL)

    def _kill_worker(self) -> None:
        self._random.choice(self._clinic.group.ready).send(signal.SIGKILL)

    def _put_to_sleep(self) -> None:
        tree = pause(self._random.choice(self._clinic.group.ready).pid)
        self._mend_later("workers", lambda: resume(tree), longest_s=LONGEST_SLEEP_S)

    def _kill_broker(self) -> None:
        self._clinic.stop_broker()
        self._mend_later("broker", self._clinic.start_broker, longest_s=LONGEST_OUTAGE_S)

    def _silence_broker(self) -> None:
        self._clinic.to_broker.be_silent()
        self._mend_later("broker", self._clinic.to_broker.speak, longest_s=LONGEST_OUTAGE_S)

    def _kill_database(self) -> None:
        self._clinic.stop_database()
        self._mend_later("database", self._clinic.start_database, longest_s=LONGEST_OUTAGE_S)

    def _lose_reply(self) -> None:
        self._clinic.to_database.lose_replies(to=b"COMMIT", times=1)
