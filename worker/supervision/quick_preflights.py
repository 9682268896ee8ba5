"""The place for one quick preflight beside the slots, so that none waits for a long run to end.

A preflight of the initial weights alone takes a second or two, and a client waits for it. While the
slots are taken, this thread looks for one several times a second: a worker whose slots are taken
receives no notifications, so that a worker with a free slot gets them.
"""

import logging
from typing import Protocol

from worker.supervision.stop_signal import StopSignal

logger = logging.getLogger(__name__)

#: Seconds between two looks at the queue.
LOOK_EVERY_S = 0.25


class Slots(Protocol):
    """The worker's slots, as this thread uses them."""

    @property
    def has_place_for_preflights(self) -> bool:
        """Whether a preflight could start in a slot now."""

    def start_quick_preflight(self) -> bool:
        """Claims a quick preflight and starts it; returns False without one or without place."""


class QuickPreflights:
    """Starts quick preflights in its own thread until the worker stops."""

    def __init__(self, slots: Slots, stop: StopSignal) -> None:
        self._slots = slots
        self._stop = stop

    def run(self) -> None:
        """Looks periodically; an error ends one look only."""
        while not self._stop.wait(LOOK_EVERY_S):
            try:
                self.look()
            except Exception:
                # an edge of the process: the next look may succeed
                logger.exception("Quick preflights could not be looked for.")

    def look(self) -> None:
        """Starts a quick preflight when it could not start in a slot."""
        if not self._slots.has_place_for_preflights:
            self._slots.start_quick_preflight()
