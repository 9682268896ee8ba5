"""Injects faults in the process that calls it; an order in a file says which one happens, once.

The order is `<kind>|<point>`. Whoever carries it out first renames it, so that it happens once
however many processes reach the point, and leaves in it the process whose tree it has stopped.
"""

import functools
import importlib
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement

import app.store.fence
from app.domain.runs import RunStatus
from app.store.tables import runs
from tests.faults.crash_points import POINTS, Kind, Point, Role
from tests.faults.sleep import pause
from tests.faults.transactions import record_transactions

#: Where the order lies.
ORDER = "FAULTS_ORDER"
#: When set, nothing checks the attempt of a write.
UNFENCED = "FAULTS_UNFENCED"


class Injected:
    """One point in this process."""

    def __init__(self, name: str, point: Point, order: Path) -> None:
        self._name, self._point, self._order = name, point, order
        self._num_reached = 0

    def reach(self) -> None:
        """Do as ordered, if it is the time."""
        try:
            kind, _, name = self._order.read_text().partition("|")
        except FileNotFoundError:
            self._num_reached = 0
            return
        if name != self._name:
            return
        self._num_reached += 1
        if self._num_reached <= self._point.num_passed or not self._take_order():
            return
        self._num_reached = 0
        match Kind(kind):
            case Kind.KILL:
                os.kill(os.getpid(), signal.SIGKILL)
            case Kind.STOP:
                pause(self._root())
            case Kind.RAISE:
                raise self._point.error()

    def _take_order(self) -> bool:
        """Whether nobody was faster."""
        try:
            os.rename(self._order, done(self._order))  # noqa: PTH104 - Path.rename is one of the points
        except FileNotFoundError:
            return False
        done(self._order).write_text(str(self._root()))
        return True

    def _root(self) -> int:
        """The worker, if this is one of its processes."""
        return _parent(os.getppid()) if self._point.role is Role.TRAINER else os.getpid()


def injected(order: Path) -> dict[str, str]:
    """Variables of processes in which the points of `crash_points` can be ordered."""
    return {**_on_path(), ORDER: str(order)}


def unfenced() -> dict[str, str]:
    """Variables of processes that check no attempt."""
    return {**_on_path(), UNFENCED: "yes"}


def _on_path() -> dict[str, str]:
    """Python runs `sitecustomize` when it starts, which needs the modules of this repository."""
    here = Path(__file__)
    return {"PYTHONPATH": os.pathsep.join((str(here.with_name("injection")), str(here.parents[2])))}


def inject(arguments: Sequence[str], environ: Mapping[str, str]) -> None:
    """Change the functions of this process that the points name; `arguments` tell its role."""
    if environ.get(UNFENCED):
        _unfence()
    record_transactions(environ)
    if ORDER not in environ:
        return
    role = _role_of(arguments)
    for name, point in POINTS.items():
        if point.role is role:
            _wrap(point, Injected(name, point, Path(environ[ORDER])))


def done(order: Path) -> Path:
    """What an order is called once it was carried out."""
    return order.with_suffix(".done")


def _role_of(arguments: Sequence[str]) -> Role | None:
    if "worker.supervision.forkserver" in arguments:
        return Role.TRAINER
    if "celery" in arguments:
        return Role.WORKER
    return Role.API if "app.server" in arguments else None


def _wrap(point: Point, injected: Injected) -> None:
    owner: Any = importlib.import_module(point.module)
    *path, last = point.name.split(".")
    for part in path:
        owner = getattr(owner, part)
    original: Callable[..., object] = getattr(owner, last)

    @functools.wraps(original)
    def wrapped(*args: object, **kwargs: object) -> object:
        if not point.is_after:
            injected.reach()
        result = original(*args, **kwargs)
        if point.is_after:
            injected.reach()
        return result

    setattr(owner, last, wrapped)


def _unfence() -> None:
    """Take the check of the attempt out of every write."""

    def held_by(run_id: UUID, attempt: int) -> tuple[ColumnElement[bool], ...]:
        return (runs.c.id == run_id, runs.c.status == RunStatus.RUNNING.value)

    # before anybody imports it by its name
    app.store.fence.held_by = held_by
    telemetry = importlib.import_module("app.store.telemetry")
    telemetry._check_replay = lambda *_args, **_kwargs: None  # type: ignore[attr-defined] # a module has any


def _parent(pid: int) -> int:
    """The parent of another process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[1])
