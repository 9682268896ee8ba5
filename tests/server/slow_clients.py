"""Clients that keep a server waiting, in a process of their own: the tests share no time with them.

    python -m tests.server.slow_clients PORT NUMBER

prints a line once all have connected, and again how often they connected when its input ends.
"""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

LOCALHOST = "127.0.0.1"
#: Between two bytes of a client that sends slowly.
PAUSE_S = 1.0
#: Before a client that was ended comes again.
RETURN_AFTER_S = 5.0
_HEAD = b"GET /healthz HTTP/1.1\r\nHost: clinic\r\nX-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
_POST = b"POST /v1/runs HTTP/1.1\r\nHost: clinic\r\nContent-Type: application/json\r\n"
_BODY = _POST + b"Content-Length: 1000\r\n\r\n{"
_LARGE_ANSWERS = b"GET /openapi.json HTTP/1.1\r\nHost: clinic\r\n\r\n" * 8
#: What is sent at once, and then a byte at a time.
KINDS = (
    (b"", b""),
    (_HEAD, b""),
    (b"", _HEAD),
    (_BODY, b""),
    (_BODY, b" " * 30),
    (_LARGE_ANSWERS, b""),
)


class SlowClients:
    """So many clients, of each kind as many."""

    def __init__(self, port: int, number: int) -> None:
        self._port, self._number = port, number
        self.num_connected = 0
        self._all_there = asyncio.Event()

    async def run(self) -> None:
        """Until standard input ends."""
        clients = [
            asyncio.create_task(self._persist(*KINDS[index % len(KINDS)]))
            for index in range(self._number)
        ]
        await self._all_there.wait()
        print(self.num_connected, flush=True)
        await asyncio.to_thread(sys.stdin.read)
        for client in clients:
            client.cancel()
        print(self.num_connected, flush=True)

    async def _persist(self, at_once: bytes, slowly: bytes) -> None:
        while True:
            with suppress(OSError):
                await self._keep_waiting(at_once, slowly)
            await asyncio.sleep(RETURN_AFTER_S)

    async def _keep_waiting(self, at_once: bytes, slowly: bytes) -> None:
        reader, writer = await asyncio.open_connection(LOCALHOST, self._port, limit=1)
        self.num_connected += 1
        if self.num_connected >= self._number:
            self._all_there.set()
        try:
            writer.write(at_once)
            for byte in slowly:
                await asyncio.sleep(PAUSE_S)
                writer.write(bytes([byte]))
                await writer.drain()
            while at_once is not _LARGE_ANSWERS and await reader.read(1024):
                pass
            if at_once is _LARGE_ANSWERS:
                await asyncio.sleep(60 * PAUSE_S)
        finally:
            writer.transport.abort()


@contextmanager
def slow_clients(port: int, number: int) -> Iterator[list[int]]:
    """All connect before the block is entered, and come again whenever they are ended.

    How often they connected is in the list, once at the start and once at the end.
    """
    command = [sys.executable, "-m", "tests.server.slow_clients", str(port), str(number)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        connected = [int(process.stdout.readline())]
        try:
            yield connected
        finally:
            said, _ = process.communicate(timeout=30)
            connected.append(int(said))


if __name__ == "__main__":
    asyncio.run(SlowClients(int(sys.argv[1]), int(sys.argv[2])).run())
