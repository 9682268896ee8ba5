"""Turns an error of training into a stop reason and one sentence for the client."""

import torch

from app.domain.errors import InvalidInput
from app.domain.runs import StopReason

#: Messages of errors for lack of memory that have no exception class in torch: of the CPU's
#: allocator, of the CUDA runtime, which needs memory to start, and of the libraries' workspaces.
OUT_OF_MEMORY_WORDS = (
    "DefaultCPUAllocator",
    "CUDA error: out of memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
)
MAX_ERROR_CHARACTERS = 500


def explain(failure: Exception) -> tuple[StopReason, str]:
    """Returns the stop reason for an error, and one sentence for the client."""
    if isinstance(failure, InvalidInput):
        further = [
            f"{problem.pointer}: {problem.detail}"
            for problem in failure.problems[:1]
            if problem.detail not in failure.detail
        ]
        sentence = " ".join([failure.detail, *further])
        return StopReason.INVALID_DATA, sentence[:MAX_ERROR_CHARACTERS]
    words = str(failure).strip().splitlines()
    if isinstance(failure, MemoryError | torch.OutOfMemoryError) or (
        isinstance(failure, RuntimeError)
        and any(words_of_torch in str(failure) for words_of_torch in OUT_OF_MEMORY_WORDS)
    ):
        sentence = words[0] if words else "an allocation failed"
        return StopReason.OUT_OF_MEMORY, f"Out of memory: {sentence}"[:MAX_ERROR_CHARACTERS]
    sentence = f"{type(failure).__name__}: {words[0]}" if words else type(failure).__name__
    return StopReason.CRASHED, sentence[:MAX_ERROR_CHARACTERS]
