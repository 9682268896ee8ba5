"""One word for all threads of a worker: stop. It can be given inside a signal handler."""

import os
import select


class StopSignal:
    """Set once, never cleared; threads wait on `fd` together with whatever else they wait for.

    It is a pipe because a handler may interrupt a thread that holds an Event's lock.
    """

    def __init__(self) -> None:
        self.fd, self._write_fd = os.pipe()

    def set(self) -> None:
        os.write(self._write_fd, b"!")

    def is_set(self) -> bool:
        return self.wait(0)

    def wait(self, timeout_s: float) -> bool:
        """True as soon as it is set."""
        return bool(select.select([self.fd], [], [], timeout_s)[0])
