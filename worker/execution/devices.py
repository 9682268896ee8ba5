"""Lists the devices of this machine."""

import torch


def list_devices() -> tuple[str, ...]:
    """Returns torch's names of the devices. It initialises CUDA: only a child may call it."""
    num_gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    return ("cpu", *(f"cuda:{index}" for index in range(num_gpus)))
