"""A child that the forkserver forks can use the GPU: nothing before the fork has woken CUDA."""

import os
from pathlib import Path

import pytest
import torch

from worker.execution.commands import DEVICES, ListDevicesCommand
from worker.supervision.children import ForkServer

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU"),
]


def test_a_forked_child_sees_the_gpu(tmp_path: Path) -> None:
    environ = {
        **os.environ,
        "CLINIC_HOME": str(tmp_path),
        "CLINIC_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nowhere",
        "CLINIC_BROKER_URL": "redis://127.0.0.1:1/0",
        "CLINIC_SECRET": "0" * 64,
    }
    forkserver = ForkServer(environ, threads_per_run=1)
    forkserver.start()
    try:
        child = forkserver.spawn(ListDevicesCommand())
        devices = DEVICES.validate_json(child.read_answer())
        child.close()
    finally:
        forkserver.stop()

    assert [device.name for device in devices[:2]] == ["cpu", "cuda:0"]
    assert all(device.memory_bytes > 2**30 for device in devices)
