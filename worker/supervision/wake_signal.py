"""Wakes a supervisor that waits for its next heartbeat."""

import os
import select
from contextlib import suppress


class WakeSignal:
    """A flag that any thread may set, and that the thread that waits on `fd` clears."""

    def __init__(self) -> None:
        self.fd, self._write_fd = os.pipe()
        os.set_blocking(self.fd, False)
        os.set_blocking(self._write_fd, False)

    def set(self) -> None:
        # a full pipe is set
        with suppress(BlockingIOError):
            os.write(self._write_fd, b"!")

    def clear(self) -> None:
        with suppress(BlockingIOError):
            while os.read(self.fd, select.PIPE_BUF):
                pass
