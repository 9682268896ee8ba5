"""Has pictures drawn by a bounded number of processes, and keeps the last ones."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from importlib import import_module
from multiprocessing import get_context

from app.domain.errors import Overloaded, Unavailable
from app.pictures.content import Picture

#: Processes that draw. They start with the first picture and hold 80 MiB each.
MOST = 1
#: Pictures after which a process is replaced, so that nothing it may lose track of adds up.
PICTURES_EACH = 500
#: Pictures that wait or are drawn; a further one is refused.
MOST_WAITING = 16
#: Seconds for a picture with its waiting.
PATIENCE_S = 20.0
#: Bytes of pictures that are kept.
KEPT_BYTES = 16 * 2**20


class Studio:
    """Draws pictures for all callers. Safe to be used by several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pool: ProcessPoolExecutor | None = None
        self._num_waiting = 0
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._kept_bytes = 0

    def picture(self, key: str, compute: Callable[[], Picture]) -> bytes:
        """Returns the picture; `key` names all that it depends on.

        Raises Overloaded where too many wait, and Unavailable where it takes too long.
        """
        digest = hashlib.sha256(key.encode()).hexdigest()
        with self._lock:
            if digest in self._kept:
                self._kept.move_to_end(digest)
                return self._kept[digest]
        drawn = self._draw(compute())
        with self._lock:
            self._keep(digest, drawn)
        return drawn

    def close(self) -> None:
        """Ends the processes; pictures that are drawn raise Unavailable."""
        with self._lock:
            pool, self._pool = self._pool, None
        _end(pool)

    def _draw(self, picture: Picture) -> bytes:
        with self._lock:
            if self._num_waiting >= MOST_WAITING:
                raise Overloaded
            self._num_waiting += 1
            pool = self._pool = self._pool or ProcessPoolExecutor(
                MOST, mp_context=get_context("spawn"), max_tasks_per_child=PICTURES_EACH
            )
        try:
            return pool.submit(_drawn, picture).result(PATIENCE_S)
        except (TooLate, BrokenExecutor) as error:
            self._replace(pool)
            detail = "The picture could not be drawn in time."
            raise Unavailable(detail) from error
        finally:
            with self._lock:
                self._num_waiting -= 1

    def _replace(self, broken: ProcessPoolExecutor) -> None:
        with self._lock:
            if self._pool is broken:
                self._pool = None
        _end(broken)

    def _keep(self, digest: str, drawn: bytes) -> None:
        if digest in self._kept or len(drawn) > KEPT_BYTES:
            return
        self._kept[digest] = drawn
        self._kept_bytes += len(drawn)
        while self._kept_bytes > KEPT_BYTES:
            _, oldest = self._kept.popitem(last=False)
            self._kept_bytes -= len(oldest)


def _drawn(picture: Picture) -> bytes:
    """Draws within a process of the pool.

    Only those import matplotlib: the API would hold its 40 MiB for nothing.
    """
    drawn: bytes = import_module("app.pictures.draw").draw(picture)
    return drawn


def _end(pool: ProcessPoolExecutor | None) -> None:
    if pool is None:
        return
    processes = list((pool._processes or {}).values())  # noqa: SLF001 - it offers no way to kill
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.kill()
