"""How fast this machine trains, compared with the formula of the estimate."""

from statistics import median

import numpy as np
import torch

from app.domain.estimate import step_seconds
from app.domain.specs.job import JobSpec
from app.domain.telemetry import ELAPSED, ReadingBatch
from worker.datasets.build import build_task
from worker.execution.commands import Device
from worker.training.loop import train

#: One small network of each kind, trained for a few steps: less than a second.
KINDS = ("elman", "gru", "lstm")
NUM_STEPS = 6
#: The first steps compile and allocate.
_NUM_WARM_UP = 2


def measured(devices: tuple[Device, ...]) -> tuple[Device, ...]:
    """Returns the devices with the speed of the last one, which is a GPU if there is any."""
    *others, preferred = devices
    slowness = measure_slowness(preferred.name)
    return (*others, preferred.model_copy(update={"slowness": slowness}))


def measure_slowness(device: str) -> float:
    """Returns the seconds of a step over those of the formula: the median over cells."""
    return median(_slowness(kind, torch.device(device)) for kind in KINDS)


def _slowness(kind: str, device: torch.device) -> float:
    spec = JobSpec.model_validate(
        {
            "model": {"kind": kind, "hidden_size": 48},
            "dataset": {"kind": "adding", "length": 40},
            "training": {"num_steps": NUM_STEPS, "batch_size": 32, "evaluate_every": NUM_STEPS},
            "probes": {"tier": "off"},
        }
    )
    batches: list[ReadingBatch] = []
    train(
        spec,
        build_task(spec.dataset, upload=None),
        device=device,
        send=batches.append,
        begin=lambda _facts, _names, _device: None,
        stop_requested=lambda: None,
    )
    elapsed = [batch.chunk.scalars[ELAPSED] for batch in batches if batch.chunk is not None]
    step_s = float(np.median(np.diff(np.concatenate(elapsed))[_NUM_WARM_UP:]))
    return step_s / step_seconds(spec, spec.dataset.shape(None))
