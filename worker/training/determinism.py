"""Settings of the process with which the same seed gives the same bits on the same machine."""

import os

import torch


def settle_kernels(device: torch.device, *, deterministic: bool) -> None:
    """On a GPU, choose deterministic kernels; an operation without one raises an error.

    Call it before any work on the device, in a process that trains one run. A CPU needs no setting.
    torch would also fill each new tensor, which costs time and finds no fault here: that is off.
    """
    if device.type != "cuda":
        return
    if deterministic:
        # cuBLAS reads it when it creates its first handle
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(deterministic)
    # a property of the module's class, which the stubs do not know
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.backends.cudnn.benchmark = False
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
