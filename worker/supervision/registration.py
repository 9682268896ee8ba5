"""What a worker registers itself with: its devices and its slots."""

from dataclasses import dataclass
from uuid import UUID

from worker.execution.commands import DEVICES, Device, ListDevicesCommand
from worker.supervision.children import ForkServer


@dataclass(frozen=True, kw_only=True)
class Registration:
    """What a worker registered: its id, its devices and its number of slots."""

    worker_id: UUID
    devices: tuple[str, ...]
    slots: int


def list_devices(forkserver: ForkServer) -> tuple[Device, ...]:
    """Returns the devices, which a child lists; this also tests the forkserver.

    Raises Unavailable when the forkserver cannot fork.
    """
    child = forkserver.spawn(ListDevicesCommand())
    try:
        return DEVICES.validate_json(child.read_answer())
    finally:
        child.kill()
        child.close()
