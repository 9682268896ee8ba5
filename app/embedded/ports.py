"""Ports of this machine: a free one, and whether a wanted one is free."""

import errno
import socket

from app.domain.errors import Misconfigured


def free_port(host: str = "127.0.0.1") -> int:
    """A port nobody listens on at this moment; whoever asked must be quick and ready to retry."""
    with socket.create_server((host, 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def require_free(host: str, port: int, *, variable: str) -> None:
    """Refuse a port that is taken, naming the variable that changes it."""
    try:
        socket.create_server((host, port)).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            detail = f"Port {port} on {host} is taken: set {variable} to another one (0 picks one)."
        else:
            detail = f"Cannot listen on {host}, port {port}: {error.strerror}; see {variable}."
        raise Misconfigured(detail) from error
