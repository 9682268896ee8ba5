"""What is measured on."""

import os
import platform
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from bench.gpu.conditions import Conditions, Row, Verdict


def measure(conditions: Conditions) -> Iterator[Row]:
    """One row."""
    facts: dict[str, str | int | float] = {
        "system": platform.platform(),
        "cpu": _cpu_name(),
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
    }
    if conditions.is_cuda:
        properties = torch.cuda.get_device_properties(conditions.device)
        facts |= {
            "gpu": properties.name,
            "gpu_memory_gib": round(properties.total_memory / 2**30, 1),
            "multiprocessors": properties.multi_processor_count,
            "driver": _driver(),
            "cuda": str(torch.version.cuda),
            "cudnn": str(torch.backends.cudnn.version()),  # type: ignore[no-untyped-call]
        }
    yield facts


def judge(rows: Sequence[Row]) -> Sequence[Verdict]:
    """Facts are neither right nor wrong."""
    facts = rows[0]
    where = facts.get("gpu", "no GPU")
    versions = f"torch {facts['torch']}, CUDA {facts.get('cuda')}, cuDNN {facts.get('cudnn')}"
    return (Verdict(is_right=None, sentence=f"Measured on {where}: {versions}."),)


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _driver() -> str:
    program = shutil.which("nvidia-smi")
    if program is None:
        return "unknown: no nvidia-smi"
    asked = subprocess.run(  # noqa: S603 - a fixed command
        (program, "--query-gpu=driver_version", "--format=csv,noheader"),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    return asked.stdout.strip() or asked.stderr.strip()[:200]
