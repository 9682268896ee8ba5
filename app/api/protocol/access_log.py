"""The access log: one line of JSON a request, in files that are rotated while the service runs.

A thread of its own writes the lines. When the disk is slow or full, requests do not wait: lines are
lost, and counted.
"""

import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from logging.handlers import QueueListener, RotatingFileHandler
from pathlib import Path
from queue import Full, Queue

from prometheus_client import Counter
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOST = Counter("clinic_access_log_lost_total", "Lines of the access log that were not written.")
MAX_FILE_BYTES = 16 * 2**20
#: Older files, `access.jsonl.1` the newest of them.
NUM_OLDER_FILES = 5
#: Lines that wait to be written.
MAX_WAITING = 10_000


class _File(RotatingFileHandler):
    """Counts what it cannot write, in place of a traceback for each line."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 - logging's name
        LOST.inc()


class _Writer(QueueListener):
    """Writes the lines that wait in a queue."""

    def __init__(self, waiting: Queue[logging.LogRecord | None], file: _File) -> None:
        super().__init__(waiting, file)
        self._waiting = waiting

    def enqueue_sentinel(self) -> None:
        """Wait for room, which QueueListener does not."""
        self._waiting.put(None)


class AccessLog:
    """The log of one process, in a file of its own."""

    def __init__(
        self, path: Path, *, is_on: bool = True, max_file_bytes: int = MAX_FILE_BYTES
    ) -> None:
        self._path = path
        self._is_on = is_on
        self._max_file_bytes = max_file_bytes
        self._waiting: Queue[logging.LogRecord | None] = Queue(MAX_WAITING)

    @contextmanager
    def open(self) -> Iterator[None]:
        """Write the lines, until the block is left."""
        if not self._is_on:
            yield
            return
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = _File(
            self._path,
            maxBytes=self._max_file_bytes,
            backupCount=NUM_OLDER_FILES,
            encoding="utf-8",
            delay=True,
        )
        writer = _Writer(self._waiting, file)
        writer.start()
        try:
            yield
        finally:
            writer.stop()
            file.close()

    def write(self, **fields: object) -> None:
        if not self._is_on:
            return
        line = json.dumps(fields, default=str)
        try:
            self._waiting.put_nowait(logging.makeLogRecord({"msg": line}))
        except Full:
            LOST.inc()


class LoggedRequests:
    """ASGI middleware: writes a line when the answer is complete or the client has gone."""

    def __init__(self, app: ASGIApp, *, log: AccessLog) -> None:
        self._app = app
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, began_s = datetime.now(UTC), time.perf_counter()
        #: Null where no answer was begun.
        status: int | None = None
        num_bytes = 0

        async def send_and_note(message: Message) -> None:
            nonlocal status, num_bytes
            status = message.get("status", status)
            num_bytes += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        finally:
            caller = scope["state"].get("caller")
            self._log.write(
                time=began.isoformat(timespec="milliseconds"),
                request_id=scope["state"]["request_id"],
                address=(scope.get("client") or (None,))[0],
                key_id=caller and caller.key_id,
                workspace_id=caller and caller.workspace_id,
                method=scope["method"],
                route=getattr(scope.get("route"), "path", None),
                status=status,
                ms=round(1000 * (time.perf_counter() - began_s), 1),
                bytes=num_bytes,
            )
