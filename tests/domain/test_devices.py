"""Which runs the devices of a worker can train, and in how much memory."""

import pytest

from app.domain.devices import devices_served, memory_served, size_in_words

GPUS = ("cpu", "cuda:0", "cuda:1")


def test_a_worker_without_a_gpu_serves_cpu_and_auto() -> None:
    assert set(devices_served(("cpu",))) == {"auto", "cpu"}
    assert set(devices_served(GPUS)) == {"auto", "cuda", *GPUS}


def test_a_run_gets_the_memory_of_its_device_and_else_of_the_smallest_gpu() -> None:
    served = memory_served(GPUS, (100, 80, 40))

    assert served == {"cpu": 100, "cuda:0": 80, "cuda:1": 40, "cuda": 40, "auto": 40}
    assert memory_served(("cpu",), (100,)) == {"cpu": 100, "auto": 100}


def test_memory_that_is_unknown_is_none() -> None:
    assert memory_served(GPUS, ()) == dict.fromkeys(devices_served(GPUS))


@pytest.mark.parametrize(
    ("num_bytes", "words"), [(238_400_000_000, "238 GB"), (1_500_000_000, "1.5 GB")]
)
def test_sizes_are_told_in_gigabytes(num_bytes: int, words: str) -> None:
    assert size_in_words(num_bytes) == words
