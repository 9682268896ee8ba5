"""The devices that torch finds on this machine, and their memory."""

import os
from pathlib import Path

import torch

from worker.execution.commands import Device

#: Files with the memory limit of a container: of cgroups version 2, then of version 1.
LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def list_devices() -> tuple[Device, ...]:
    """Returns the devices. It initialises CUDA: only a child may call it."""
    num_gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    gpus = (
        Device(
            name=f"cuda:{index}",
            memory_bytes=torch.cuda.get_device_properties(index).total_memory,
        )
        for index in range(num_gpus)
    )
    return (Device(name="cpu", memory_bytes=machine_memory_bytes(LIMITS)), *gpus)


def machine_memory_bytes(limits: tuple[Path, ...]) -> int:
    """Returns the memory of the machine, or of the container where one of `limits` is smaller."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min([machine, *(number for path in limits if (number := _limit(path)) is not None)])


def _limit(path: Path) -> int | None:
    """Returns None where there is no such file or no limit, which the kernel writes as `max`."""
    try:
        said = path.read_text().strip()
    except OSError:
        return None
    return int(said) if said.isdecimal() else None
