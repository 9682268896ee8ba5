"""Initial weights and short trainings whose bits are pinned: a seed must reproduce them.

`python -m tests.numerics.pinned` writes pinned.json anew, after a change that is meant to alter
them.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import JsonValue

from app.domain.telemetry import FloatArray
from tests.worker.builders import make_spec, train_spec
from worker.datasets.build import build_task
from worker.models.network import SequenceModel
from worker.training.fingerprint import take_fingerprint
from worker.training.preparation import prepared_model

PAGE = Path(__file__).with_name("pinned.json")
CPU = torch.device("cpu")
Patch = dict[str, JsonValue]
Arrays = Mapping[str, NDArray[np.float32 | np.float64]]
#: Of wall time, so different each time.
TIMED = {"elapsed_s"}

CELLS = ("elman", "gru", "lstm")
FOR_INPUTS: tuple[Patch, ...] = (
    {"kind": "xavier_uniform", "gain": 1.5},
    {"kind": "xavier_normal"},
    {"kind": "he_uniform"},
    {"kind": "he_normal", "gain": 0.5},
    {"kind": "orthogonal", "gain": 0.9},
    {"kind": "normal", "std": 0.3},
    {"kind": "uniform", "bound": 0.3},
    {"kind": "gaussian", "gain": 1.2},
    {"kind": "zeros"},
    {"kind": "torch_default"},
)
FOR_RECURRENT: tuple[Patch, ...] = (
    *FOR_INPUTS,
    {"kind": "identity", "gain": 0.7},
    {"kind": "spectral_radius", "radius": 1.1},
    {"kind": "critical"},
)
FOR_BIASES: tuple[Patch, ...] = (
    {"kind": "normal", "std": 0.2},
    {"kind": "uniform", "bound": 0.2},
    {"kind": "chrono"},
    {"kind": "chrono", "max_lag": 30},
    {"kind": "zeros"},
    {"kind": "torch_default"},
)
OPTIMIZERS: tuple[Patch, ...] = (
    {"kind": "sgd", "learning_rate": 0.1},
    {"kind": "sgd", "learning_rate": 0.1, "momentum": 0.8, "weight_decay": 0.01},
    {"kind": "sgd", "learning_rate": 0.1, "momentum": 0.8, "nesterov": True},
    {"kind": "adam"},
    {"kind": "adam", "beta1": 0.8, "beta2": 0.9, "eps": 1e-6, "weight_decay": 0.01},
    {"kind": "adamw", "beta1": 0.8, "beta2": 0.9, "eps": 1e-6, "weight_decay": 0.01},
    {"kind": "rmsprop"},
    {"kind": "rmsprop", "alpha": 0.9, "momentum": 0.5, "eps": 1e-6, "weight_decay": 0.01},
)
SCHEDULES: tuple[Patch, ...] = (
    {"kind": "constant", "warmup_steps": 5},
    {"kind": "step", "every": 4, "factor": 0.3},
    {"kind": "step", "every": 4, "factor": 0.3, "warmup_steps": 3},
    {"kind": "cosine"},
    {"kind": "cosine", "final_fraction": 0.1, "warmup_steps": 3},
    {"kind": "warmup", "warmup_steps": 7},
)
CLIPPINGS: tuple[Patch, ...] = (
    {"kind": "none"},
    {"kind": "norm"},
    {"kind": "norm", "max_norm": 0.05},
    {"kind": "norm", "max_norm": 2.0, "min_norm": 0.7},
    {"kind": "value", "max_value": 0.01},
)
LOOPS: tuple[Patch, ...] = (
    {"model": {"kind": "lstm", "dropout": 0.3}, "training": {"bptt_length": 5}},
    {"model": {"kind": "gru"}, "regularization": {"l1": 0.01, "l2": 0.02}},
    {"model": {"kind": "lstm"}, "training": {"precision": "float64"}},
    {
        "model": {"kind": "elman", "activation": "linear"},
        "init": {"recurrent": {"kind": "spectral_radius", "radius": 20.0}},
        "dataset": {"length": 60},
        "clipping": {"kind": "none"},
        "training": {"on_instability": "skip_step"},
    },
    {
        "model": {"kind": "elman", "activation": "linear"},
        "optimizer": {"kind": "sgd", "learning_rate": 5.0},
        "clipping": {"kind": "none"},
        "training": {"on_instability": "rollback"},
    },
)


class Pin(NamedTuple):
    """Of a network, and of the readings of its steps where it was trained."""

    #: Of all bytes; another processor or library may round otherwise.
    sha256: str
    #: A weighted sum of all weights, which rounding hardly changes.
    projection: float


def pin_of(weights: Arrays, readings: Arrays | None = None) -> Pin:
    sha = hashlib.sha256()
    for arrays in (weights, readings or {}):
        for name, array in sorted(arrays.items()):
            sha.update(name.encode() + np.ascontiguousarray(array).tobytes())
    flat = np.concatenate([weights[name].ravel().astype(np.float64) for name in sorted(weights)])
    return Pin(sha256=sha.hexdigest(), projection=float(flat @ np.cos(np.arange(flat.size))))


def initial_cases() -> dict[str, Patch]:
    """By the place in the spec, the kind and the cell."""
    places = {"recurrent": FOR_RECURRENT, "input": FOR_INPUTS, "bias": FOR_BIASES}
    return {
        f"{place} {_told(init)} {cell}": {"model": {"kind": cell}, "init": {place: init}}
        for place, inits in places.items()
        for init in inits
        for cell in CELLS
        if _fits(str(init["kind"]), cell)
    }


def trained_cases() -> dict[str, Patch]:
    families = {"optimizer": OPTIMIZERS, "clipping": CLIPPINGS}
    cases: dict[str, Patch] = {
        f"{family} {_told(spec)}": {"model": {"kind": "gru"}, family: spec}
        for family, specs in families.items()
        for spec in specs
    }
    cases |= {
        f"schedule {_told(schedule)}": {"optimizer": {"kind": "adam", "schedule": schedule}}
        for schedule in SCHEDULES
    }
    return cases | {f"loop {number}": patch for number, patch in enumerate(LOOPS)}


def pin_initial(patch: Patch) -> Pin:
    model = {"hidden_size": 6, "num_layers": 2, "bidirectional": True, **_part(patch, "model")}
    spec = make_spec({**patch, "model": model})
    task = build_task(spec.dataset, upload=None)
    network = prepared_model(spec, task, device=CPU, dtype=torch.float32)
    return pin_of(_weights(network))


def pin_trained(patch: Patch) -> Pin:
    """Weights after 20 steps and every reading of a step, however many make a chunk."""
    training = {"num_steps": 20, "evaluate_every": 100, **_part(patch, "training")}
    run = train_spec(make_spec({**patch, "training": training}))
    columns: dict[str, list[FloatArray]] = {}
    for chunk in (batch.chunk for batch in run.batches if batch.chunk is not None):
        for place, table in (("model", chunk.scalars), ("tensor", chunk.tensors)):
            for name in table.keys() - TIMED:
                columns.setdefault(f"{name} {place}", []).append(table[name])
    readings = {name: np.concatenate(parts) for name, parts in columns.items()}
    return pin_of(_weights(run.outcome.model), readings)


def _weights(network: SequenceModel) -> Arrays:
    return {name: weight.detach().numpy() for name, weight in network.named_tensors()}


def _part(patch: Patch, name: str) -> Patch:
    part = patch.get(name, {})
    assert isinstance(part, dict)
    return part


def _told(spec: Patch) -> str:
    return ", ".join(
        str(value) if key == "kind" else f"{key} {value}" for key, value in spec.items()
    )


def _fits(kind: str, cell: str) -> bool:
    return (kind != "critical" or cell == "elman") and (kind != "chrono" or cell != "elman")


def main() -> None:
    pins = {name: pin_initial(patch) for name, patch in initial_cases().items()}
    pins |= {name: pin_trained(patch) for name, patch in trained_cases().items()}
    told = (f"    {json.dumps(name)}: {json.dumps(pin)}" for name, pin in pins.items())
    fingerprint = json.dumps(take_fingerprint(CPU))
    lines = ",\n".join(told)
    PAGE.write_text(f'{{\n  "fingerprint": {fingerprint},\n  "pins": {{\n{lines}\n  }}\n}}\n')


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
