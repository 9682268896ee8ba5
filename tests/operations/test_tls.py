"""The API behind a proxy that ends TLS, with a self-made certificate."""

import select
import shutil
import socket
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
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]

    def serve(self) -> None:
        """Until `close`."""
        with suppress(OSError):
            while True:
                accepted, _ = self._listening.accept()
                threading.Thread(target=self._pass_on, args=(accepted,), daemon=True).start()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _pass_on(self, accepted: socket.socket) -> None:
        with (
            suppress(OSError),
            self._context.wrap_socket(accepted, server_side=True) as client,
            socket.create_connection(("127.0.0.1", self._api.port)) as api,
        ):
            line, _, rest = client.recv(65536).partition(b"\r\n")
            added = (
                f"X-Forwarded-For: {CLIENT}\r\nX-Forwarded-Proto: https\r\nConnection: close\r\n"
            )
            api.sendall(line + b"\r\n" + added.encode() + rest)
            while _copy_once(client, api):
                pass


def _copy_once(client: ssl.SSLSocket, api: socket.socket) -> bool:
    """Passes on what is there; False at the end. One thread, as OpenSSL asks for a connection."""
    readable = [client] if client.pending() else select.select([client, api], [], [])[0]
    for source, target in ((client, api), (api, client)):
        if source in readable:
            part = source.recv(65536)
            if not part:
                return False
            target.sendall(part)
    return True


@contextmanager
def proxied(api: ApiProcess, certificate: tuple[Path, Path]) -> Iterator[int]:
    proxy = TlsProxy(api, certificate)
    thread = threading.Thread(target=proxy.serve, daemon=True)
    thread.start()
    try:
        yield proxy.port
    finally:
        proxy.close()
        thread.join(10)


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
