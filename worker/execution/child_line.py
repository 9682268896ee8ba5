"""The child's side of its line to the worker: the order, the words to stop, signs of progress."""

import os
import socket
import time

from app.processes import EXIT_ORPHANED
from worker.execution.orders import CANCEL, PAUSE, TICK, WAIT

#: Looking at the line at every step of a small network would cost a measurable share of it.
LOOK_EVERY_S = 0.05
TICK_EVERY_S = 1.0


class ChildLine:
    """Speaks with the worker; a line that closes means that it is gone, and ends this process."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._looked_at = self._ticked_at = 0.0
        self._is_cancelled = self._is_paused = False

    def read_order(self) -> bytes:
        """The first line of what the worker says."""
        order = bytearray()
        while not order.endswith(b"\n"):
            part = self._control.recv(65_536)
            if not part:
                os._exit(EXIT_ORPHANED)
            order += part
        self._control.settimeout(0)
        return bytes(order)

    def answer(self, words: bytes) -> None:
        self._control.settimeout(None)
        self._control.sendall(words)
        self._control.close()

    def is_cancelled(self) -> bool:
        """Whether the worker said so; cheap enough to be asked at every step."""
        self._look()
        return self._is_cancelled

    def is_paused(self) -> bool:
        """As above."""
        self._look()
        return self._is_paused

    def tick(self) -> None:
        """Tell the worker that training moves, once a second at most; may come from any thread."""
        self._say(TICK)

    def wait(self) -> None:
        """Tell it that training waits for the database, as often."""
        self._say(WAIT)

    def _say(self, word: bytes) -> None:
        now = time.monotonic()
        if now - self._ticked_at < TICK_EVERY_S:
            return
        self._ticked_at = now
        try:
            self._control.send(word)
        except BlockingIOError:
            # the worker has unread ticks enough
            return
        except OSError:
            os._exit(EXIT_ORPHANED)

    def _look(self) -> None:
        now = time.monotonic()
        if now - self._looked_at >= LOOK_EVERY_S:
            self._looked_at = now
            self._listen()

    def _listen(self) -> None:
        try:
            words = self._control.recv(64)
        except BlockingIOError:
            return
        if not words:
            os._exit(EXIT_ORPHANED)
        self._is_cancelled = self._is_cancelled or CANCEL in words
        self._is_paused = self._is_paused or PAUSE in words
