"""What the devices of a worker are good for: which runs it can train, and in how much memory."""

from collections.abc import Collection, Mapping, Sequence

CPU = "cpu"


def devices_served(devices: Collection[str]) -> tuple[str, ...]:
    """Returns the values of `training.device` that a worker with these devices can train."""
    has_cuda = any(device.startswith("cuda") for device in devices)
    return ("auto", *(["cuda"] if has_cuda else []), *devices)


def memory_served(devices: Sequence[str], memory_bytes: Sequence[int]) -> Mapping[str, int | None]:
    """Returns `training.device` -> bytes of memory of the device that the run would get.

    `memory_bytes` are those of `devices`; without them the values are None. `auto` prefers GPUs,
    and of several GPUs a run may get any, so that the smallest one counts.
    """
    if len(memory_bytes) != len(devices):
        return dict.fromkeys(devices_served(devices))
    known = dict(zip(devices, memory_bytes, strict=True))
    gpus = [number for device, number in known.items() if device != CPU]
    served: dict[str, int | None] = dict(known)
    if gpus:
        served["cuda"] = min(gpus)
    served["auto"] = min(gpus) if gpus else known[CPU]
    return served


def size_in_words(num_bytes: int) -> str:
    """Returns a number of bytes for people, in GB to three digits."""
    return f"{num_bytes / 1e9:.3g} GB"
