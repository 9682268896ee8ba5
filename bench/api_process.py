"""One process of the API for a measurement."""

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Thread

#: Seconds for the API to end once it is told to.
END_S = 60.0


@contextmanager
def api_process(environ: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    """Starts the API on a free port; yields its address and its process id.

    Raises RuntimeError where it does not start.
    """
    command = (
        *(sys.executable, "-m", "uvicorn", "--factory", "app.main:create_app"),
        *("--port", "0", "--no-access-log"),
    )
    with subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own program
        # a full pipe would stop the API at its next line
        drain = Thread(target=_drain, args=(process,), daemon=True)
        try:
            address = _address(process)
            drain.start()
            yield address, process.pid
        finally:
            process.terminate()
            if drain.is_alive():
                # leaving the block closes the pipe, which must not happen while the thread reads
                drain.join(END_S)


def _address(process: subprocess.Popen[str]) -> str:
    for line in process.stderr or ():
        found = re.search(r"running on (http://\S+)", line)
        if found:
            return found.group(1)
    detail = "the service does not start"
    raise RuntimeError(detail)


def _drain(process: subprocess.Popen[str]) -> None:
    for _ in process.stderr or ():
        pass
