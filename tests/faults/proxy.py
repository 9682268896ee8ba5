"""A TCP proxy on 127.0.0.1 that can be told to lose what passes through it."""

import asyncio
import threading
from contextlib import suppress

CHUNK_BYTES = 65_536
HOST = "127.0.0.1"


class Proxy:
    """Its own address never changes; the server behind it may die and come back elsewhere."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._thread.start()
        self._target_port: int | None = None
        self._speaks = asyncio.Event()
        self._speaks.set()
        self._marker, self._num_to_lose = b"", 0
        self._connections: set[asyncio.Task[None]] = set()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        self.port: int = self._server.sockets[0].getsockname()[1]

    @property
    def num_to_lose(self) -> int:
        """Replies that are still to be lost."""
        return self._num_to_lose

    def aim(self, port: int | None) -> None:
        """Where connections go from now on; None refuses them."""
        self._target_port = port

    def cut(self) -> None:
        """End all connections that there are."""
        self._loop.call_soon_threadsafe(self._cut)

    def be_silent(self) -> None:
        """A black hole: connections stay open and new ones are taken, but nothing gets through."""
        self._loop.call_soon_threadsafe(self._speaks.clear)

    def speak(self) -> None:
        self._loop.call_soon_threadsafe(self._speaks.set)

    def lose_replies(self, *, to: bytes, times: int) -> None:
        """The next requests with these words are carried out; then their connections break."""
        self._marker, self._num_to_lose = to, times

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._server.close)
        asyncio.run_coroutine_threadsafe(self._end_connections(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._serve, HOST, 0)

    def _cut(self) -> None:
        for task in self._connections:
            task.cancel()

    async def _end_connections(self) -> None:
        self._cut()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            with suppress(OSError, asyncio.CancelledError):
                await self._speaks.wait()
                await self._connect(reader, writer)
        finally:
            self._connections.discard(task)
            writer.transport.abort()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._target_port is None:
            return
        far_reader, far_writer = await asyncio.open_connection(HOST, self._target_port)
        connection = _Connection()
        pumps = (
            asyncio.ensure_future(self._pump_requests(reader, far_writer, connection)),
            asyncio.ensure_future(self._pump_replies(far_reader, writer, connection)),
        )
        try:
            # one side hung up: so does the other
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            far_writer.transport.abort()

    async def _pump_requests(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        connection: "_Connection",
    ) -> None:
        while data := await reader.read(CHUNK_BYTES):
            if self._num_to_lose and self._marker in data:
                self._num_to_lose -= 1
                connection.loses_reply = True
            await self._forward(data, writer)

    async def _pump_replies(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        connection: "_Connection",
    ) -> None:
        while data := await reader.read(CHUNK_BYTES):
            if connection.loses_reply:
                return
            await self._forward(data, writer)

    async def _forward(self, data: bytes, writer: asyncio.StreamWriter) -> None:
        await self._speaks.wait()
        writer.write(data)
        await writer.drain()


class _Connection:
    """What the two directions of one connection know of each other."""

    loses_reply = False
