"""Finds a free port of this machine, and checks whether a given port is free."""

import errno
import socket

from app.domain.errors import Misconfigured


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nobody listens on now. Another program may take it before the caller does."""
    with socket.create_server((host, 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def require_free(host: str, port: int, *, variable: str) -> None:
    """Raise Misconfigured, with the variable to change, where the port is taken."""
    try:
        socket.create_server((host, port)).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            detail = f"Port {port} on {host} is taken: set {variable} to a free one (0 picks one)."
        else:
            detail = f"Cannot listen on {host}, port {port}: {error.strerror}; see {variable}."
        raise Misconfigured(detail) from error
