"""HTTP/1.1 on one connection, with a deadline for each thing that the client must do.

uvicorn bounds the time between two requests alone: a client that sends half a head, that sends its
body a byte at a time, or that never reads its answer keeps a connection for as long as it likes.
"""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from app.api.protocol.problems import problem_response
from app.server.connections import ENDED, Awaited, Connections, Reason

#: A client that sends its body, or reads its answer, must do so faster (Apache's mod_reqtimeout).
MIN_BYTES_PER_S = 500


@dataclass(frozen=True, kw_only=True)
class Deadlines:
    """How long a client may keep the service waiting."""

    #: For the whole head of a request.
    head_s: float = 10.0
    #: For MIN_BYTES_PER_S of a body, over this time, or for reading what was sent.
    body_s: float = 20.0
    #: Between two requests.
    idle_s: float = 60.0


class BoundedProtocol(H11Protocol):
    """One connection. Nothing is logged for a connection that is ended here: it is counted."""

    def __init__(self, *, connections: Connections, deadlines: Deadlines, **given: Any) -> None:
        super().__init__(**given)
        self._places = connections
        self._deadlines = deadlines
        self._awaited = Awaited.HEAD
        self._deadline: asyncio.TimerHandle | None = None
        self._read_deadline: asyncio.TimerHandle | None = None
        #: Of the present request's body, since the last look at it.
        self._num_bytes = 0
        #: The service did not want to receive more for a part of that time.
        self._was_paused = False
        self._watched_since_s = 0.0
        self.timeout_keep_alive = deadlines.idle_s  # type: ignore[assignment] # seconds, for call_later

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's
        super().connection_made(transport)
        if self._places.admit(self):
            self._expect_head()
        else:
            ENDED.labels(reason=Reason.REFUSED).inc()
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, "Too many connections are open.")

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget()
        super().connection_lost(exc)
        self._unset_keepalive_if_required()

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self._awaited is Awaited.IDLE:
            self._expect_head()
        super().data_received(data)
        self._num_bytes += len(data)
        self._was_paused = self._was_paused or self.flow.read_paused
        self._follow(if_between_requests=Awaited.HEAD)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.is_closing():
            self._expect_reader()
        else:
            self._follow(if_between_requests=Awaited.IDLE)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._expect_reader()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._read_deadline is not None:
            self._read_deadline.cancel()
            self._read_deadline = None

    def timeout_keep_alive_handler(self) -> None:
        self.end(Reason.IDLE)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP; where an answer has begun, end the connection without one."""
        is_answering = self.cycle is not None and not self.cycle.response_complete
        if is_answering:
            self.end(Reason.NOT_HTTP)
        else:
            ENDED.labels(reason=Reason.NOT_HTTP).inc()
            self._refuse(HTTPStatus.BAD_REQUEST, msg)

    def end(self, reason: Reason) -> None:
        """End the connection, and remove it."""
        self._forget()
        if self.transport.is_closing() and not self.transport.get_write_buffer_size():
            return
        ENDED.labels(reason=reason).inc()
        if reason is Reason.SLOW_HEAD and self.conn.trailing_data[0]:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, "The head of the request did not arrive.")
        elif reason is Reason.IDLE and not self.transport.get_write_buffer_size():
            self.transport.close()
        else:
            # without what could still be sent, which the client may never read
            self.transport.abort()

    def _follow(self, *, if_between_requests: Awaited) -> None:
        """Note what the connection waits for after the last event."""
        if self.transport.is_closing():
            return
        if self.conn.their_state is h11.SEND_BODY:
            self._expect_body()
        elif self.cycle is not None and not self.cycle.response_complete:
            self._enter(Awaited.ANSWER)
        elif if_between_requests is Awaited.IDLE:
            self._enter(Awaited.IDLE)  # uvicorn has set its deadline
        elif self._awaited is not Awaited.HEAD:
            self._expect_head()

    def _expect_head(self) -> None:
        self._enter(Awaited.HEAD)
        self._deadline = self.loop.call_later(self._deadlines.head_s, self.end, Reason.SLOW_HEAD)

    def _expect_body(self) -> None:
        if self._awaited is not Awaited.BODY:
            self._enter(Awaited.BODY)
            self._watch_body()

    def makes_progress(self) -> bool:
        """Whether the client sends its body fast enough."""
        seconds = max(1.0, self.loop.time() - self._watched_since_s)
        is_fast = self._num_bytes >= MIN_BYTES_PER_S * seconds
        return self._awaited is Awaited.BODY and (is_fast or self._was_paused)

    def _watch_body(self) -> None:
        self._num_bytes, self._was_paused = 0, self.flow.read_paused
        self._watched_since_s = self.loop.time()
        self._deadline = self.loop.call_later(self._deadlines.body_s, self._look_at_body)

    def _look_at_body(self) -> None:
        is_client_waiting = self.cycle is not None and self.cycle.waiting_for_100_continue
        enough = MIN_BYTES_PER_S * self._deadlines.body_s
        if self._num_bytes >= enough or self._was_paused or is_client_waiting:
            self._watch_body()
        else:
            self.end(Reason.SLOW_BODY)

    def _expect_reader(self) -> None:
        if self._read_deadline is None and self.transport.get_write_buffer_size():
            self._read_deadline = self.loop.call_later(
                self._deadlines.body_s, self.end, Reason.SLOW_READER
            )

    def _enter(self, awaited: Awaited) -> None:
        self._awaited = awaited
        self._places.move(self, awaited)
        self._cancel_deadline()

    def _forget(self) -> None:
        self._places.remove(self)
        self._cancel_deadline()
        if self._read_deadline is not None:
            self._read_deadline.cancel()

    def _cancel_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _refuse(self, status: HTTPStatus, detail: str) -> None:
        """Answer a problem without a request, and close."""
        self._forget()
        scope = {"path": "", "state": {"request_id": uuid4().hex}}
        problem = problem_response(scope, status, code=_CODES[status], detail=detail)
        headers = [*problem.raw_headers, (b"connection", b"close")]
        parts = [
            h11.Response(status_code=status, headers=headers, reason=status.phrase.encode()),
            h11.Data(data=bytes(problem.body)),
            h11.EndOfMessage(),
        ]
        for part in parts:
            self.transport.write(self.conn.send(part) or b"")
        self.transport.close()


_CODES = {
    HTTPStatus.BAD_REQUEST: "unreadable_request",
    HTTPStatus.REQUEST_TIMEOUT: "request_timeout",
    HTTPStatus.SERVICE_UNAVAILABLE: "unavailable",
}
