"""Tells all threads of a worker to stop; may be set inside a signal handler."""

import os
import select


class StopSignal:
    """A flag that is set once and never cleared.

    Threads can wait on `fd` together with other file descriptors. It is a pipe, because a signal
    handler may interrupt a thread that holds the lock of a `threading.Event`.
    """

    def __init__(self) -> None:
        self.fd, self._write_fd = os.pipe()

    def set(self) -> None:
        os.write(self._write_fd, b"!")

    def is_set(self) -> bool:
        return self.wait(0)

    def wait(self, timeout_s: float) -> bool:
        """Waits until the flag is set or `timeout_s` has passed; returns whether it is set."""
        return bool(select.select([self.fd], [], [], timeout_s)[0])
