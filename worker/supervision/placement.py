"""Chooses the device on which a run trains."""

from collections.abc import Sequence

CPU = "cpu"


def place(wanted: str, devices: Sequence[str], *, slot: int) -> str:
    """Returns the device that `auto`, `cpu`, `cuda` or `cuda:N` means on this worker.

    `auto` prefers a GPU, and slots are spread over the GPUs. A device that the spec names exists
    here, because a worker claims only runs that its devices can train.
    """
    gpus = [device for device in devices if device != CPU]
    match wanted:
        case "auto":
            return gpus[slot % len(gpus)] if gpus else CPU
        case "cuda" if gpus:
            return gpus[slot % len(gpus)]
        case _:
            return wanted
