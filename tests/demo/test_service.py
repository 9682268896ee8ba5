"""The demo joins the service of its home, even one that is still starting."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from app.demo.service import service
from app.embedded.home import owned


class _Starting(BaseHTTPRequestHandler):
    """Ready when it is asked for the third time."""

    num_asked = 0

    def do_GET(self) -> None:
        type(self).num_asked += 1
        self.send_response(200 if self.num_asked > 2 else 503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_parts: object) -> None:
        """Say nothing."""


@contextmanager
def answering() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Starting)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_service_that_is_still_starting_is_waited_for_and_joined(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLINIC_HOME", str(home))
    (home / "admin-key").write_text("gc_key\n")

    with owned(home), answering() as address:
        (home / "address").write_text(address + "\n")
        with service() as joined:
            assert (joined.address, joined.key, joined.is_ours) == (address, "gc_key", False)

    assert _Starting.num_asked == 3
