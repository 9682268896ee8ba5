"""The command lines of the API and the workers, as `clinic serve` starts them."""

import sys
from collections.abc import Mapping
from pathlib import Path

from app.processes import Command
from app.settings import Serving

#: Where `app` and `worker` lie, so that both are found whether or not they are installed.
SOURCE = Path(__file__).parents[2]
#: Open answers (event streams) are cut after so long when the API is asked to stop.
API_DRAIN_S = 2


def api_program(serving: Serving, *, port: int, environ: Mapping[str, str]) -> Command:
    return Command(
        name="api",
        arguments=[
            *(sys.executable, "-m", "uvicorn", "app.main:create_app", "--factory"),
            *("--host", serving.host, "--port", str(port)),
            *("--timeout-graceful-shutdown", str(API_DRAIN_S), "--no-server-header"),
        ],
        log=serving.home / "logs" / "api.log",
        environ=environ,
        folder=SOURCE,
    )


def worker_program(serving: Serving, *, number: int, environ: Mapping[str, str]) -> Command:
    return Command(
        name=f"worker-{number}",
        arguments=[
            *(sys.executable, "-m", "celery", "--app", "worker.main", "worker"),
            *("--pool", "threads", "--concurrency", str(serving.slots)),
            *("--hostname", f"worker-{number}@%h", "--loglevel", "INFO"),
            *("--without-gossip", "--without-mingle"),
        ],
        log=serving.home / "logs" / f"worker-{number}.log",
        environ=environ,
        folder=SOURCE,
    )
