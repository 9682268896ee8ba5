"""The child's side of the socket to its worker: the command, requests to stop, progress."""

import os
import socket
import time

from app.processes import EXIT_ORPHANED
from worker.execution.commands import CANCEL, PAUSE, PROGRESS, STOP, WAITING

#: Reading the socket at every step would cost a measurable share of the step of a small network.
READ_EVERY_S = 0.05
REPORT_EVERY_S = 1.0


class ControlChannel:
    """Exchanges messages with the worker; ends this process when the worker is gone."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._read_at = self._reported_at = 0.0
        self._is_cancelled = self._is_stopped = self._is_paused = False

    def read_command(self) -> bytes:
        """Waits for the command, which is the first line that the worker sends, and returns it."""
        command = bytearray()
        while not command.endswith(b"\n"):
            part = self._control.recv(65_536)
            if not part:
                os._exit(EXIT_ORPHANED)
            command += part
        self._control.settimeout(0)
        return bytes(command)

    def send_answer(self, content: bytes) -> None:
        """Sends the answer to a command and closes the socket."""
        self._control.settimeout(None)
        self._control.sendall(content)
        self._control.close()

    def is_cancelled(self) -> bool:
        """Returns whether the worker cancelled the run; cheap enough to call at every step."""
        self._read_when_due()
        return self._is_cancelled

    def is_stopped(self) -> bool:
        """Returns whether a critical finding stops the run; cheap enough to call at every step."""
        self._read_when_due()
        return self._is_stopped

    def is_paused(self) -> bool:
        """Returns whether the worker paused the run; cheap enough to call at every step."""
        self._read_when_due()
        return self._is_paused

    def report_progress(self) -> None:
        """Reports that training makes progress, at most once a second; thread-safe."""
        self._report(PROGRESS)

    def report_waiting(self) -> None:
        """Reports that training waits for the database, at most once a second; thread-safe."""
        self._report(WAITING)

    def _report(self, message: bytes) -> None:
        now = time.monotonic()
        if now - self._reported_at < REPORT_EVERY_S:
            return
        self._reported_at = now
        try:
            self._control.send(message)
        except BlockingIOError:
            # the buffer is full of messages that the worker has not read
            return
        except OSError:
            os._exit(EXIT_ORPHANED)

    def _read_when_due(self) -> None:
        now = time.monotonic()
        if now - self._read_at >= READ_EVERY_S:
            self._read_at = now
            self._read()

    def _read(self) -> None:
        try:
            messages = self._control.recv(64)
        except BlockingIOError:
            return
        if not messages:
            os._exit(EXIT_ORPHANED)
        self._is_cancelled = self._is_cancelled or CANCEL in messages
        self._is_stopped = self._is_stopped or STOP in messages
        self._is_paused = self._is_paused or PAUSE in messages
