"""What the probes measure on the GPU against what they measure on the CPU, of the same weights."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from pydantic import JsonValue

from app.domain.checkpoints import CheckpointParts
from app.domain.telemetry import DoubleArray
from bench.gpu.conditions import KINDS, Conditions, Row, Verdict
from bench.gpu.training import Key, cancel_after, make_spec, readings_of, train_on
from worker.training.checkpoint import Start, unpack

CPU = torch.device("cpu")
#: Nats of a lag profile: what other float32 kernels make of the same trajectory.
MAX_PROFILE_NATS = 1e-2
#: Of the checks: a replay that is right is far below.
MAX_CHECK = {"exact_checksum_error": 1e-6, "checksum_error": 1e-3, "adjoint_error": 1e-9}
#: Steps on the CPU before the weights are looked at on both.
NUM_TRAINED = 100


def measure(conditions: Conditions) -> Iterator[Row]:
    """A row for each spec and quantity: the largest difference over scopes and lags."""
    size, length = (8, 20) if conditions.is_quick else (64, 100)
    num_trained = 5 if conditions.is_quick else NUM_TRAINED
    for kind in KINDS[:1] if conditions.is_quick else KINDS:
        patch: dict[str, JsonValue] = {
            "model": {"kind": kind, "hidden_size": size},
            "dataset": {"kind": "adding", "length": length},
        }
        yield from _rows(conditions, kind, patch, num_trained)
    if not conditions.is_quick:
        patch = {
            "model": {"kind": "gru", "hidden_size": 32, "num_layers": 2, "bidirectional": True},
            "dataset": {"kind": "copy_memory", "length": 30},
        }
        yield from _rows(conditions, "gru, two layers, both ways", patch, num_trained)


def _rows(
    conditions: Conditions, name: str, patch: Mapping[str, JsonValue], num_trained: int
) -> Iterator[Row]:
    trained = train_on(make_spec({**patch, "training": {"num_steps": num_trained}}), CPU)
    content = trained.checkpoints[num_trained]
    on_cpu = _looked_at(CPU, patch, content, num_trained)
    on_device = _looked_at(conditions.device, patch, content, num_trained)
    for quantity in sorted({quantity for quantity, _, _ in on_cpu.keys() | on_device.keys()}):
        keys = [key for key in on_cpu.keys() & on_device.keys() if key[0] == quantity]
        apart = [key for key in on_cpu.keys() ^ on_device.keys() if key[0] == quantity]
        differences = [_difference(on_cpu[key], on_device[key]) for key in keys]
        yield {
            "spec": name,
            "quantity": quantity,
            "compared": len(keys),
            "on_one_side_alone": len(apart),
            "largest_difference": max(differences, default=None),
            "largest_on_device": max((_largest(on_device[key]) for key in keys), default=None),
        }


def _looked_at(
    device: torch.device, patch: Mapping[str, JsonValue], content: bytes, num_trained: int
) -> dict[Key, DoubleArray]:
    """The readings of the first step on these weights, and of the probe before it."""
    spec = make_spec(
        {
            **patch,
            "training": {"num_steps": num_trained + 2},
            "probes": {"tier": "full", "every": 1},
        }
    )
    start = Start(checkpoint=unpack(content), takes=CheckpointParts.WEIGHTS)
    run = train_on(spec, device, start=start, stop_requested=cancel_after(1))
    return readings_of(run.batches)


def _difference(one: DoubleArray, other: DoubleArray) -> float:
    """Largest difference of what is finite on both; infinite where one side alone is."""
    if one.shape != other.shape:
        return float("inf")
    both = np.isfinite(one) & np.isfinite(other)
    same = both | (one == other) | (np.isnan(one) & np.isnan(other))
    if not same.all():
        return float("inf")
    return float(np.abs(one[both] - other[both]).max(initial=0.0))


def _largest(values: DoubleArray) -> float:
    return float(np.abs(values[np.isfinite(values)]).max(initial=0.0))


def judge(rows: Sequence[Row]) -> Sequence[Verdict]:
    """Profiles agree within rounding, and the checks on the device are as small as ever."""
    verdicts = []
    for row in rows:
        spec, quantity = row["spec"], str(row["quantity"])
        difference, largest = row["largest_difference"], row["largest_on_device"]
        if quantity == "LagProfile.log_norm_T" and isinstance(difference, float):
            text = f"{spec}: {quantity} differs from the CPU's by {difference:.2e} nats at most."
            is_right = difference <= MAX_PROFILE_NATS
            verdicts.append(Verdict(is_right=is_right, sentence=text))
        limit = MAX_CHECK.get(quantity)
        if limit is not None:
            is_right = isinstance(largest, float) and largest <= limit
            text = f"{spec}: {quantity} is {largest} on the device, of {limit} at most."
            verdicts.append(Verdict(is_right=is_right, sentence=text))
        if row["on_one_side_alone"]:
            text = f"{spec}: {row['on_one_side_alone']} of {quantity} are on one side alone."
            verdicts.append(Verdict(is_right=False, sentence=text))
    return verdicts
