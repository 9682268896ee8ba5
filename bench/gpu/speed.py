"""Steps a second of the training loop, on the GPU and on the CPU."""

import os
from collections.abc import Iterator, Sequence

import torch

from bench.gpu.conditions import KINDS, Conditions, Row, Verdict
from bench.gpu.training import Stopwatch, little_evaluated, make_spec, train_on
from worker.datasets.build import build_task

SIZES = (32, 128, 512, 1024)
#: From here on the CPU is also measured with all of its cores.
SIZE_FOR_ALL_CORES = 512


def measure(conditions: Conditions) -> Iterator[Row]:
    """A row for each kind, size and device; the GPU first, since its figures matter most."""
    sizes = SIZES[:1] if conditions.is_quick else SIZES
    if conditions.is_cuda:
        for hidden_size in sizes:
            for kind in KINDS:
                yield _row(conditions, kind, hidden_size, num_threads=1)
    on_cpu = Conditions(device=torch.device("cpu"), is_quick=conditions.is_quick)
    num_cores = len(os.sched_getaffinity(0))
    for hidden_size in sizes:
        for kind in KINDS:
            yield _row(on_cpu, kind, hidden_size, num_threads=1)
            if hidden_size >= SIZE_FOR_ALL_CORES and num_cores > 1:
                yield _row(on_cpu, kind, hidden_size, num_threads=num_cores)


def _row(conditions: Conditions, kind: str, hidden_size: int, *, num_threads: int) -> Row:
    torch.set_num_threads(num_threads)
    spec = make_spec(
        {
            "model": {"kind": kind, "hidden_size": hidden_size},
            "training": {"num_steps": 1_000_000},
        }
    )
    warm_up_s, seconds = (0.5, 1.5) if conditions.is_cuda else (0.3, 1.0)
    if conditions.is_quick:
        warm_up_s, seconds = 0.0, 0.05
    watch = Stopwatch(conditions, warm_up_s=warm_up_s, seconds=seconds)
    task = little_evaluated(build_task(spec.dataset, upload=None))
    train_on(spec, conditions.device, stop_requested=watch, task=task)
    torch.set_num_threads(1)
    return {
        "kind": kind,
        "hidden_size": hidden_size,
        "device": conditions.device.type,
        "threads": num_threads,
        "steps": watch.num_steps,
        "steps_per_s": round(watch.steps_per_second, 2),
        "ms_per_step": round(1e3 / watch.steps_per_second, 3),
    }


def judge(rows: Sequence[Row]) -> Sequence[Verdict]:
    """Where the GPU is the faster one."""
    rate = {
        (row["kind"], row["hidden_size"], row["device"], row["threads"]): row["steps_per_s"]
        for row in rows
    }
    verdicts = []
    for (kind, size, device, _), on_gpu in rate.items():
        on_cpu = rate.get((kind, size, "cpu", 1))
        if device == "cuda" and isinstance(on_gpu, float) and isinstance(on_cpu, float):
            text = f"{kind} H={size}: the GPU does {on_gpu / on_cpu:.2f} times the steps of a core."
            verdicts.append(Verdict(is_right=None, sentence=text))
    return verdicts or (Verdict(is_right=None, sentence="There is no GPU to compare with."),)
