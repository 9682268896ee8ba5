"""The listening socket, the server, and how many connections the process can have."""

import logging
import resource
import socket
from functools import partial

import uvicorn
from fastapi import FastAPI

from app.server.connections import Connections
from app.server.protocol import BoundedProtocol, Deadlines

logger = logging.getLogger("uvicorn.error")

#: Seconds after SIGTERM at which answers that are still being sent are cut.
DRAIN_S = 2
#: Connections that the kernel keeps while the process is busy.
BACKLOG = 2048
#: Connections accepted in one turn of the event loop. They have a descriptor before the server can
#: refuse them, and requests wait for the turn.
ACCEPTED_PER_TURN = 32
#: Descriptors for all but connections of clients: files, the databases, the broker, and connections
#: that are accepted, or ended but not yet closed.
RESERVED_DESCRIPTORS = 256
#: One connection takes about 20 kB. Proxies and pages keep far fewer.
MAX_CONNECTIONS = 4096
#: Logged by uvicorn for each connection that sends such a thing; they are counted in the metrics.
_COUNTED_INSTEAD = ("Invalid HTTP request", "Unsupported upgrade", "No supported WebSocket")


class Server(uvicorn.Server):
    """uvicorn on a listening socket of ours, whose queue in the kernel it keeps long."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listening in sockets or ():
            # asyncio accepts as many connections in a turn as it gives the kernel to keep
            listening.listen(BACKLOG)
            host, port = listening.getsockname()[:2]
            shown = f"[{host}]" if ":" in host else host
            logger.info("Gradient Clinic running on http://%s:%d (Ctrl-C stops it)", shown, port)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 picks a free one. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, port), family=family, backlog=BACKLOG)
    # Connections inherit it. asyncio sets it only where the socket's protocol is named, and without
    # it the body of an answer waits 40 ms for the acknowledgement of the head on a kept connection.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def make_server(
    app: FastAPI,
    *,
    most: int,
    deadlines: Deadlines,
    drain_s: int = DRAIN_S,
    log_level: str = "info",
) -> Server:
    """Run it with a socket of `listen`. It holds at most `most` connections."""
    protocol = partial(BoundedProtocol, connections=Connections(most=most), deadlines=deadlines)
    config = uvicorn.Config(
        app,
        http=protocol,  # type: ignore[arg-type] # uvicorn calls it like a class
        ws="none",
        lifespan="on",
        backlog=ACCEPTED_PER_TURN,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # the app's own middleware sees to them
        log_level=log_level,
        timeout_graceful_shutdown=drain_s,
    )
    logger.addFilter(_is_logged)
    return Server(config)


def room_for_connections(asked: int | None) -> int:
    """Connections for which there are descriptors, at most `asked`, or MAX_CONNECTIONS.

    Raises the soft limit of descriptors where that is not enough.
    """
    wanted = MAX_CONNECTIONS if asked is None else asked
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + RESERVED_DESCRIPTORS
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    # half of very few descriptors, so that a process with few is not without connections
    room = soft - min(RESERVED_DESCRIPTORS, soft // 2)
    return wanted if soft == resource.RLIM_INFINITY else min(wanted, room)


def _is_logged(record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith(_COUNTED_INSTEAD)
