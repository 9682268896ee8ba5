"""The command lines with which `clinic serve` starts the API and the workers."""

import sys
from collections.abc import Mapping
from pathlib import Path

from app.processes import Command
from app.settings import Serving

#: The folder of `app` and `worker`. Programs run in it, so the packages need not be installed.
SOURCE = Path(__file__).parents[2]


def api_program(serving: Serving, *, port: int, environ: Mapping[str, str]) -> Command:
    return Command(
        name="api",
        arguments=[
            *(sys.executable, "-m", "app.server"),
            *("--host", serving.host, "--port", str(port)),
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
