"""Clients that follow one run by server-sent events, some of which never read."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Engine, select

from app.domain.runs import Run
from app.store.database import unit_of_work
from app.store.tables import workspaces
from app.store.telemetry import append_batch
from tests.api.installation import ApiProcess, Installation
from tests.api.measured import batch_of
from tests.store.builders import claimed_run

MIB = 2**20
LOCALHOST = "127.0.0.1"
#: Seconds that any of this may take before it is called a hang.
PATIENCE_S = 300.0
#: Of a client that never reads, so that what it is sent piles up at the server.
SMALL_BUFFER_BYTES = 4096
#: Looks at the memory of the process while events come.
NUM_LOOKS = 10


@dataclass(frozen=True, kw_only=True)
class Following:
    """What became of them."""

    clients: int
    #: Of them, those that never read.
    stalled: int
    #: Written while they followed.
    events: int
    #: Of the clients that read.
    fewest_heard: int
    most_heard: int
    #: Clients that were told, falsely, that the run has ended.
    told_of_an_end: int
    #: Memory of the process, after each tenth of the events.
    rss_mib: tuple[float, ...]
    #: From SIGTERM to the end of the process.
    shutdown_s: float

    @property
    def growth_mib(self) -> float:
        """Over the second half of the events, when every buffer has been used."""
        return self.rss_mib[-1] - self.rss_mib[NUM_LOOKS // 2 - 1]


def follow(
    api: ApiProcess, made: Installation, *, num_clients: int, num_stalled: int, num_events: int
) -> Following:
    """All follow one run while it progresses; then the process is asked to stop."""
    run = _running_run(made.engine)
    return asyncio.run(
        asyncio.wait_for(
            _follow(api, made, run, num_clients - num_stalled, num_stalled, num_events), PATIENCE_S
        )
    )


def _running_run(engine: Engine) -> Run:
    with unit_of_work(engine) as work:
        first = select(workspaces.c.id).order_by(workspaces.c.created_at).limit(1)
        return claimed_run(work.session, work.session.execute(first).scalar_one())


async def _follow(
    api: ApiProcess, made: Installation, run: Run, num_live: int, num_stalled: int, num_events: int
) -> Following:
    followers = [_Follower(run.id, made.key) for _ in range(num_live)]
    with _stalled(api.port, _request(run.id, made.key), count=num_stalled):
        tasks = [asyncio.create_task(follower.follow(api.port)) for follower in followers]
        for follower in followers:
            await follower.greeted.wait()
        rss_mib = []
        for look in range(NUM_LOOKS):
            first, last = look * num_events // NUM_LOOKS, (look + 1) * num_events // NUM_LOOKS
            await asyncio.to_thread(_progress, made.engine, run, range(first, last))
            while min(one.heard for one in followers) < last:  # noqa: ASYNC110 - a signal for each event would cost more than a look
                await asyncio.sleep(0.05)
            rss_mib.append(round(api.rss_bytes / MIB, 1))
        shutdown_s = await asyncio.to_thread(api.stop)
        await asyncio.gather(*tasks)
    heard = [follower.heard for follower in followers]
    return Following(
        clients=num_live + num_stalled,
        stalled=num_stalled,
        events=num_events,
        fewest_heard=min(heard),
        most_heard=max(heard),
        told_of_an_end=sum(follower.is_told_of_an_end for follower in followers),
        rss_mib=tuple(rss_mib),
        shutdown_s=round(shutdown_s, 2),
    )


def _request(run_id: UUID, key: str, *, last_seen: int = 0) -> bytes:
    return (
        f"GET /v1/runs/{run_id}/events HTTP/1.1\r\nHost: api\r\nConnection: close\r\n"
        f"Authorization: Bearer {key}\r\nAccept: text/event-stream\r\n"
        f"Last-Event-ID: {last_seen}\r\n\r\n"
    ).encode()


@contextmanager
def _stalled(port: int, request: bytes, *, count: int) -> Iterator[None]:
    """Clients that ask and never read."""
    clients = [socket.socket() for _ in range(count)]
    for client in clients:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER_BYTES)
        client.connect((LOCALHOST, port))
        client.sendall(request)
    yield
    for client in clients:
        client.close()


class _Follower:
    """One that reads, and comes back where it was cut off, as browsers do."""

    def __init__(self, run_id: UUID, key: str) -> None:
        self.greeted = asyncio.Event()
        #: Events of progress.
        self.heard = 0
        self.is_told_of_an_end = False
        self._run_id = run_id
        self._key = key
        self._last_seen = 0

    async def follow(self, port: int) -> None:
        """Until nobody answers any more."""
        while True:
            try:
                reader, writer = await asyncio.open_connection(LOCALHOST, port)
            except OSError:
                return
            try:
                writer.write(_request(self._run_id, self._key, last_seen=self._last_seen))
                async for line in reader:
                    self._hear(line)
            except OSError:
                return
            finally:
                writer.close()

    def _hear(self, line: bytes) -> None:
        name, _, value = line.strip().partition(b": ")
        match name:
            case b"retry":
                self.greeted.set()
            case b"id":
                self._last_seen = int(value)
            case b"event":
                self.heard += value == b"progress"
                self.is_told_of_an_end |= value == b"end"
            case _:
                pass


def _progress(engine: Engine, run: Run, steps: range) -> None:
    """An event for each step, as a worker's flushes make them."""
    for step in steps:
        with unit_of_work(engine) as work:
            batch = batch_of([1.0], first_step=step)
            append_batch(work.session, run_id=run.id, attempt=run.attempt, seq=step, batch=batch)
