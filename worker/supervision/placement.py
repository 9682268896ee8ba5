"""Which of a worker's devices a run gets."""

from collections.abc import Sequence

CPU = "cpu"


def place(wanted: str, devices: Sequence[str], *, slot: int) -> str:
    """The device that `auto, cpu, cuda, cuda:N` means here; slots spread over the GPUs.

    A GPU is preferred wherever `auto` leaves the choice. Claims see to it that a run that names a
    device comes only to a worker that has it.
    """
    gpus = [device for device in devices if device != CPU]
    match wanted:
        case "auto":
            return gpus[slot % len(gpus)] if gpus else CPU
        case "cuda" if gpus:
            return gpus[slot % len(gpus)]
        case _:
            return wanted
