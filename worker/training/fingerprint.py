"""What the bits of a run depend on besides its spec: hardware and versions of libraries."""

import platform
from collections.abc import Mapping

import numpy as np
import torch


def take_fingerprint(device: torch.device) -> dict[str, str]:
    """The fingerprint of this process on this device."""
    found = {
        "machine": platform.machine(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "device": device.type,
        "threads": str(torch.get_num_threads()),
        # it decides which kernels of torch and oneDNN run
        "cpu": torch.backends.cpu.get_cpu_capability(),
    }
    if device.type == "cuda":
        found["gpu"] = torch.cuda.get_device_name(device)
        found["cuda"] = str(torch.version.cuda)
        found["is_deterministic"] = str(torch.are_deterministic_algorithms_enabled())
    return found


def differences(earlier: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    """Names of what has changed; if nothing has, training continues bit for bit."""
    return tuple(sorted(n for n in earlier.keys() | now.keys() if earlier.get(n) != now.get(n)))
