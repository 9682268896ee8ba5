"""Records how long each transaction of a process lasts, and makes every diagnosis slow.

`injecting` calls it in the service's own processes. A transaction that spans a diagnosis, or
another long computation, then lasts longer than any that only reads and writes.
"""

import importlib
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType

from sqlalchemy import Connection, Engine, event

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.detectors import DETECTORS

#: File to which each transaction appends one line: seconds, then who opened it.
LOG = "FAULTS_TRANSACTIONS"
#: Seconds that each diagnosis takes longer.
SLOW_DIAGNOSIS_S = "FAULTS_SLOW_DIAGNOSIS_S"
_STARTED = "faults_started_at"
_OWN = str(Path(__file__).parents[2])


@dataclass(frozen=True, kw_only=True)
class Lasted:
    """One transaction that has ended."""

    seconds: float
    #: The function of the service that ran its first statement, and the file that has it.
    opened_by: str


def timed(log: Path, *, slow_diagnosis_s: float) -> dict[str, str]:
    """Variables of processes that record their transactions."""
    return {LOG: str(log), SLOW_DIAGNOSIS_S: str(slow_diagnosis_s)}


def read_log(log: Path) -> list[Lasted]:
    """What all processes have recorded so far."""
    lines = (line.split(" ", 1) for line in log.read_text().splitlines())
    return [Lasted(seconds=float(seconds), opened_by=opened_by) for seconds, opened_by in lines]


def record_transactions(environ: Mapping[str, str]) -> None:
    """Changes this process as `timed` says; changes nothing without its variables."""
    if LOG not in environ:
        return
    log = Path(environ[LOG])

    def begin(connection: Connection) -> None:
        connection.info[_STARTED] = (time.monotonic(), _opener(sys._getframe(1)))

    def end(connection: Connection) -> None:
        started_at, opened_by = connection.info.pop(_STARTED, (None, ""))
        if started_at is not None:
            _append(log, f"{time.monotonic() - started_at:.3f} {opened_by}\n")

    event.listen(Engine, "begin", begin)
    event.listen(Engine, "commit", end)
    event.listen(Engine, "rollback", end)
    _slow_down(float(environ[SLOW_DIAGNOSIS_S]))


def _slow_down(by_s: float) -> None:
    def wait(_case: Case) -> None:
        time.sleep(by_s)

    first, *others = DETECTORS
    slow = replace(first, needs=(wait, *first.needs))
    importlib.import_module("app.domain.diagnosis.engine").DETECTORS = (slow, *others)  # type: ignore[attr-defined] # a module has any


def _opener(frame: FrameType | None) -> str:
    """The innermost function outside the store, in a service if one is on the stack."""
    own: list[str] = []
    while frame is not None:
        path = frame.f_code.co_filename
        if path.startswith(_OWN) and "/tests/" not in path and "/.venv/" not in path:
            name = f"{Path(path).relative_to(_OWN)}:{frame.f_code.co_name}"
            if name.startswith("app/services/"):
                return name
            if not name.startswith("app/store/"):
                own.append(name)
        frame = frame.f_back
    return own[0] if own else "?"


def _append(log: Path, line: str) -> None:
    # one write of one line with O_APPEND: processes do not mix their lines
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, line.encode())
    finally:
        os.close(descriptor)
