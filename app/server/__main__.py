"""Serves the API: `python -m app.server --host 127.0.0.1 --port 8000`."""

import argparse
import gc
import os
import sys
from collections.abc import Sequence

from fastapi import FastAPI

from app.domain.errors import ClinicError
from app.main import create_app
from app.server.listening import listen, make_server, room_for_connections
from app.server.protocol import Deadlines
from app.settings import Settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT. An error of the user's is printed as one line."""
    parser = argparse.ArgumentParser(prog="python -m app.server", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000, help="0 picks a free one")
    asked = parser.parse_args(arguments)
    try:
        settings = Settings.read(os.environ)
        listening = listen(asked.host, asked.port)
    except (ClinicError, OSError) as error:
        sys.stderr.write(f"app.server: {error}\n")
        return 1
    app = create_app(settings)
    _prepare(app)
    server = make_server(
        app,
        most=room_for_connections(settings.max_connections),
        deadlines=Deadlines(
            head_s=settings.head_timeout_s,
            body_s=settings.body_timeout_s,
            idle_s=settings.idle_timeout_s,
        ),
    )
    server.run(sockets=[listening])
    return 0 if server.started else 3


def _prepare(app: FastAPI) -> None:
    """Does once, before the first request, what would stop all requests for 100 ms or more later.

    The OpenAPI document would be made for the first request with a query. A full garbage collection
    would visit the 170,000 objects of imported modules and routes each time, so they are exempted.
    """
    app.openapi()
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    sys.exit(main())
