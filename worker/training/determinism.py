"""Same seed, same machine, same bits: settings of the process, before any work on the device."""

import os

import torch


def settle_kernels(device: torch.device, *, deterministic: bool) -> None:
    """On a GPU, deterministic kernels or an error; on a CPU one thread is enough for that.

    Only for a process that trains one run. torch's flag would also fill each fresh tensor, which
    costs time and finds nothing here.
    """
    if device.type != "cuda":
        return
    if deterministic:
        # cuBLAS reads it when it makes its first handle
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(deterministic)
    # a property of the module's class, which the stubs do not know
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.backends.cudnn.benchmark = False
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
