"""The listening socket."""

import socket
from contextlib import closing

from app.server.listening import listen


def test_connections_send_without_waiting_for_acknowledgements() -> None:
    """Nagle's algorithm would hold the body of an answer for 40 ms."""
    with closing(listen("127.0.0.1", 0)) as listening:
        with socket.create_connection(listening.getsockname()[:2]) as _client:
            connection, _ = listening.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
