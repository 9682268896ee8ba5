"""What the training process says of its run, kept in bounded memory until the end."""

import logging
from collections import deque

MAX_LOG_BYTES = 256 * 1024


class RunLog(logging.Handler):
    """The last lines. Exceptions take one line: the log is for the owner of the run."""

    def __init__(self, *, max_bytes: int = MAX_LOG_BYTES) -> None:
        super().__init__()
        self.setFormatter(_Brief())
        self._max_bytes = max_bytes
        self._lines: deque[bytes] = deque()
        self._num_bytes = self._num_dropped = 0

    @classmethod
    def attached(cls) -> "RunLog":
        """A log that receives what this process logs from now on."""
        log = cls()
        logging.getLogger("worker").addHandler(log)
        return log

    def emit(self, record: logging.LogRecord) -> None:
        line = f"{self.format(record)}\n".encode(errors="replace")[: self._max_bytes]
        self._lines.append(line)
        self._num_bytes += len(line)
        while self._num_bytes > self._max_bytes:
            self._num_bytes -= len(self._lines.popleft())
            self._num_dropped += 1

    def content(self) -> bytes:
        left_out = (
            f"({self._num_dropped} earlier lines are left out)\n" if self._num_dropped else ""
        )
        return left_out.encode() + b"".join(self._lines)


class _Brief(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = f"{self.formatTime(record)} {record.levelname} {record.getMessage()}"
        error = record.exc_info[1] if record.exc_info else None
        if error is None:
            return line
        return f"{line} {type(error).__name__}: {error}".partition("\n")[0]
