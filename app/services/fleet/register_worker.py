"""Register a worker process."""

from collections.abc import Sequence
from uuid import UUID

from app.store.database import UnitOfWork
from app.store.ids import new_id
from app.store.workers import register


def register_worker(  # noqa: PLR0913 - a worker's columns, each by its name
    work: UnitOfWork,
    *,
    host: str,
    pid: int,
    devices: Sequence[str],
    slots: int,
    threads_per_run: int,
    release: str,
    device_memory_bytes: Sequence[int] = (),
    slowness: float | None = None,
) -> UUID:
    """Returns the new identifier under which the worker claims runs.

    `device_memory_bytes` are those of `devices`; empty where they are unknown.
    """
    worker_id = new_id()
    register(
        work.session,
        worker_id=worker_id,
        host=host,
        pid=pid,
        devices=devices,
        slots=slots,
        threads_per_run=threads_per_run,
        release=release,
        device_memory_bytes=device_memory_bytes,
        slowness=slowness,
    )
    return worker_id
