from pathlib import Path

import pytest
import torch

from app.domain.errors import InvalidData, Problem
from app.domain.runs import StopReason
from worker.execution.devices import list_devices, machine_memory_bytes
from worker.execution.failures import explain


def failure_of(num_bytes: int) -> Exception:
    try:
        torch.empty(num_bytes, dtype=torch.uint8)
    except RuntimeError as error:
        return error
    pytest.fail("the memory was there")


def test_an_allocation_that_fails_on_the_cpu_is_out_of_memory() -> None:
    stop_reason, error = explain(failure_of(2**60))

    assert stop_reason is StopReason.OUT_OF_MEMORY
    assert error.startswith("Out of memory: ")


@pytest.mark.parametrize(
    "failure",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory."),
        RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be reported later"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    ],
)
def test_exhausted_memory_of_any_kind_is_out_of_memory(failure: Exception) -> None:
    assert explain(failure)[0] is StopReason.OUT_OF_MEMORY


def test_data_that_cannot_serve_is_told_with_its_place() -> None:
    problem = Problem(pointer="row/3/value", detail="not a number", code="not_a_number")

    told = explain(InvalidData("The data cannot be used as asked.", problems=[problem]))

    assert told == (
        StopReason.INVALID_DATA,
        "The data cannot be used as asked. row/3/value: not a number",
    )


def test_a_place_that_the_sentence_names_is_not_told_twice() -> None:
    problem = Problem(pointer="row/6/t", detail="row 6, column 't': twice", code="not_unique")

    told = explain(InvalidData(problem.detail, problems=[problem]))

    assert told == (StopReason.INVALID_DATA, "row 6, column 't': twice")


def test_anything_else_has_crashed_with_one_sentence() -> None:
    told = explain(ValueError("the first line\nand a second"))

    assert told == (StopReason.CRASHED, "ValueError: the first line")


def test_a_failure_without_words_is_named() -> None:
    assert explain(RecursionError()) == (StopReason.CRASHED, "RecursionError")


def test_there_is_always_a_cpu() -> None:
    first = list_devices()[0]

    assert first.name == "cpu"
    assert first.memory_bytes > 2**28


@pytest.mark.parametrize(("said", "is_smaller"), [("1000\n", True), ("max\n", False)])
def test_a_container_s_limit_is_the_machine_s_memory(
    tmp_path: Path, said: str, *, is_smaller: bool
) -> None:
    limit = tmp_path / "memory.max"
    limit.write_text(said)

    found = machine_memory_bytes((limit, tmp_path / "missing"))

    assert (found == 1000) is is_smaller
