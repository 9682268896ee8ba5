"""The API behind a proxy that ends TLS, with a self-made certificate."""

import asyncio
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from tests.api.conftest import installation, post_run
from tests.api.installation import ApiProcess, Installation, api_process

__all__ = ["installation"]
CLIENT = "203.0.113.50"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1 and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl")
    folder = tmp_path_factory.mktemp("tls")
    chain, key = folder / "clinic.pem", folder / "clinic.key"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=clinic.test", "-addext", "subjectAltName=IP:127.0.0.1"]
    command += ["-keyout", str(key), "-out", str(chain)]
    subprocess.run(command, check=True, capture_output=True)
    return chain, key


class TlsProxy:
    """Ends TLS and passes bytes on; the first head of a connection gets the client's address."""

    def __init__(self, api: ApiProcess, certificate: tuple[Path, Path]) -> None:
        self._api = api
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(*certificate)

    async def start(self) -> asyncio.Server:
        return await asyncio.start_server(self._pass_on, "127.0.0.1", 0, ssl=self._context)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        api_reader, api_writer = await asyncio.open_connection("127.0.0.1", self._api.port)
        line = await reader.readline()
        added = f"X-Forwarded-For: {CLIENT}\r\nX-Forwarded-Proto: https\r\nConnection: close\r\n"
        api_writer.write(line + added.encode())
        sending = asyncio.create_task(_copy(reader, api_writer))
        try:
            await _copy(api_reader, writer)
        finally:
            sending.cancel()
            for one in (writer, api_writer):
                one.close()
                with suppress(OSError):
                    await one.wait_closed()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while part := await source.read(65536):
            target.write(part)
            await target.drain()


@contextmanager
def proxied(api: ApiProcess, certificate: tuple[Path, Path]) -> Iterator[int]:
    loop = asyncio.new_event_loop()
    # a client that refuses the certificate ends its connection early
    loop.set_exception_handler(lambda _loop, _context: None)
    server = loop.run_until_complete(TlsProxy(api, certificate).start())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def test_runs_streams_and_uploads_go_through_a_tls_proxy(
    installation: Installation, certificate: tuple[Path, Path]
) -> None:
    trust = ssl.create_default_context(cafile=certificate[0])
    headers = {"Authorization": f"Bearer {installation.key}"}
    with (
        api_process(installation.settings, CLINIC_TRUSTED_PROXIES="127.0.0.1") as api,
        proxied(api, certificate) as port,
        httpx.Client(
            base_url=f"https://127.0.0.1:{port}", headers=headers, verify=trust, timeout=30
        ) as client,
    ):
        run = post_run(client)
        path = run["links"]["self"]
        stream = {"Accept": "text/event-stream"}
        with client.stream("GET", f"{path}/events", headers=stream) as events:
            texts = events.iter_text()
            while "event: status" not in next(texts):
                pass
        content = b"value\n" + b"1.5\n" * 250_000
        uploaded = client.post("/v1/datasets?name=d&kind=csv", content=content)
        [act] = client.get("/v1/audit?act=run_submitted").json()["items"]

    assert uploaded.status_code == 201
    assert (act["subject_id"], act["address"]) == (run["id"], CLIENT)


def test_a_certificate_that_nobody_trusts_is_refused_by_the_client(
    installation: Installation, certificate: tuple[Path, Path]
) -> None:
    with (
        api_process(installation.settings) as api,
        proxied(api, certificate) as port,
        pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        httpx.get(f"https://127.0.0.1:{port}/healthz")
