"""What the looking costs: instrumented training against a bare PyTorch loop of the same model.

    python -m bench.overhead [--seconds 30] [--clock wall|processor] [--tiers …]
                             [--shapes elman gru lstm]

The loops run interleaved on one core, in slices of 20 ms, so that other load on the machine slows
all of them alike. The clock of a loop stops while the others work. Printed are ratios of seconds,
each with the middle half of the ratios of ten parts of the time: with probes off to the bare loop;
then each tier, within its own budget, to the bare loop and to the loop with probes off; and the
recorder's own share of a step, timed alone. `off again` is the same loop as `off`: how far their
ratio is from 1, up to 5 % by chance of memory layout, bounds the precision of all others. Not
counted are the first and the last probe of a run, which are outside of its budget, and evaluations,
which are part of the task. On a shared machine `--clock processor` leaves out the time of others.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
import torch
from pydantic import JsonValue
from torch import Tensor

from app.domain.quantities.probe import TIERS
from app.domain.specs.job import JobSpec
from app.domain.telemetry import DoubleArray, ReadingBatch
from bench.interleaving import Clock, Slices, interleave
from worker.datasets.build import build_task
from worker.gradients import nonzero_counts, tensor_norms
from worker.telemetry.recorder import Recorder, StepReading
from worker.training.loop import TrainingLoop
from worker.training.preparation import prepared_model

CLOCKS: dict[str, Clock] = {"wall": time.perf_counter, "processor": time.process_time}
CPU = torch.device("cpu")
#: Of one loop before the next has the machine; long beside what a change of threads costs.
TURN_S = 0.02
#: Parts of the time whose ratios show the scatter.
NUM_BLOCKS = 10
#: Each with 32 sequences of 100 timesteps.
SHAPES: dict[str, dict[str, JsonValue]] = {
    "lstm": {"kind": "lstm", "hidden_size": 128},
    "gru": {"kind": "gru", "hidden_size": 64},
    "elman": {"kind": "elman", "hidden_size": 32},
}


def make_spec(model: JsonValue, *, num_steps: int, tier: str) -> JobSpec:
    return JobSpec.model_validate(
        {
            "model": model,
            "dataset": {"kind": "adding", "length": 100},
            "training": {"num_steps": num_steps, "evaluate_every": num_steps},
            "probes": {"tier": tier},
        }
    )


def train_bare(spec: JobSpec, device: torch.device, slices: Slices) -> None:
    """What one would write by hand: forward, backward, clip, update, with the same fused Adam."""
    task = build_task(spec.dataset, upload=None)
    model = prepared_model(spec, task, device=device, dtype=torch.float32)
    weights = list(model.parameters())
    optimizer = torch.optim.Adam(weights, lr=0.001, fused=True)
    for step in range(spec.training.num_steps):
        slices.before_step()
        batch = task.training_batch(step, batch_size=32, seed=0).to(device, torch.float32)
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(model(batch.inputs_TBI), batch.targets)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()


def train_instrumented(spec: JobSpec, device: torch.device, slices: Slices) -> None:
    """The same steps in the service's loop, whose clock stands while the others work."""
    task = build_task(spec.dataset, upload=None)
    sent: list[ReadingBatch] = []
    loop = TrainingLoop(spec, task, device=device, send=sent.append, clock=slices.worked_s)
    loop.run(slices.before_step)


def seconds_of_slices(
    model: JsonValue,
    tiers: Sequence[str],
    clock: Clock,
    *,
    num_slices: int,
    steps_per_slice: int,
    device: torch.device = CPU,
) -> dict[str, DoubleArray]:
    """By loop, without its first turn, which has the first probe."""
    num_steps = (num_slices + 1) * steps_per_slice + 1
    specs = {tier: make_spec(model, num_steps=num_steps, tier=tier) for tier in ("off", *tiers)}
    loops: dict[str, Callable[[Slices], None]] = {
        "bare": partial(train_bare, specs["off"], device),
        **{tier: partial(train_instrumented, spec, device) for tier, spec in specs.items()},
        "off again": partial(train_instrumented, specs["off"], device),
    }
    taken = interleave(
        loops, clock, steps_per_slice=steps_per_slice, settle=partial(wait_for, device)
    )
    return {name: np.array(seconds[1:]) for name, seconds in taken.items()}


def wait_for(device: torch.device) -> None:
    """A GPU works on after the call that gave it the work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def seconds_of_step(spec: JobSpec, device: torch.device, clock: Clock) -> float:
    """Of the bare loop, over 20 steps after the first 20."""
    loops = {"bare": partial(train_bare, spec, device)}
    taken = interleave(loops, clock, steps_per_slice=20, settle=partial(wait_for, device))
    return taken["bare"][-1] / 20


def ratio(seconds: Mapping[str, DoubleArray], above: str, below: str) -> str:
    """Of all slices, and the middle half of what its tenths say."""
    whole, low, high = paired_ratio(seconds, above, below)
    return f"{above}/{below} {whole:.3f} ({low:.3f} to {high:.3f})"


def paired_ratio(
    seconds: Mapping[str, DoubleArray], above: str, below: str
) -> tuple[float, float, float]:
    """Of all slices, then the ends of the middle half of what its tenths say."""
    blocks = zip(
        np.array_split(seconds[above], NUM_BLOCKS),
        np.array_split(seconds[below], NUM_BLOCKS),
        strict=True,
    )
    low, _, high = statistics.quantiles([one.sum() / other.sum() for one, other in blocks], n=4)
    whole = float(seconds[above].sum() / seconds[below].sum())
    return whole, float(low), float(high)


def recorder_seconds(spec: JobSpec, clock: Clock, *, repetitions: int = 500) -> float:
    """Of one step: norms of gradient, weights and change, counts, and the row in the buffer."""
    task = build_task(spec.dataset, upload=None)
    model = prepared_model(spec, task, device=CPU, dtype=torch.float32)
    weights = [weight.detach() for _, weight in model.named_tensors()]
    gradients = [torch.randn_like(weight) for weight in weights]
    change = [torch.empty_like(weight) for weight in weights]
    sent: list[ReadingBatch] = []
    sizes = [weight.numel() for weight in weights]
    recorder = Recorder(tensor_sizes=sizes, device=CPU, send=sent.append, clock=time.monotonic)
    started = clock()
    for step in range(repetitions):
        torch._foreach_copy_(change, weights)
        torch._foreach_sub_(change, weights)
        recorder.record(_reading(step, gradients, weights, change))
        if recorder.is_due():
            recorder.flush(steps_done=step)
    return (clock() - started) / repetitions


def _reading(
    step: int, gradients: list[Tensor], weights: list[Tensor], change: list[Tensor]
) -> StepReading:
    return StepReading(
        step=step,
        loss=torch.ones(()),
        clip_coefficient=torch.ones((), dtype=torch.float64),
        non_finite_count=None,
        grad_norms=tensor_norms(gradients),
        weight_norms=tensor_norms(weights),
        update_norms=tensor_norms(change),
        nonzero_counts=nonzero_counts(gradients),
        learning_rate=0.001,
        elapsed_s=0.0,
    )


def _show(shape: str, asked: argparse.Namespace) -> None:
    model, clock = SHAPES[shape], CLOCKS[asked.clock]
    trial = make_spec(model, num_steps=41, tier="off")
    step_s = seconds_of_step(trial, CPU, clock)
    share = recorder_seconds(trial, clock) / step_s
    print(f"{shape} H={model['hidden_size']} B=32 T=100: bare step {1e3 * step_s:.2f} ms")
    print(f"  recorder alone {share:.1%} of it", flush=True)
    steps_per_slice = max(1, round(TURN_S / step_s))
    num_slices = max(NUM_BLOCKS, round(asked.seconds / (steps_per_slice * step_s)))
    seconds = seconds_of_slices(
        model, asked.tiers, clock, num_slices=num_slices, steps_per_slice=steps_per_slice
    )
    print(f"  {ratio(seconds, 'off', 'bare')}, {ratio(seconds, 'off again', 'off')}")
    for tier in asked.tiers:
        print(f"  {ratio(seconds, tier, 'bare')}, {ratio(seconds, tier, 'off')}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0, help="that each loop works, about")
    parser.add_argument("--clock", choices=CLOCKS, default="wall")
    parser.add_argument("--tiers", nargs="*", choices=TIERS, default=list(TIERS))
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, default=list(SHAPES))
    asked = parser.parse_args()
    torch.set_num_threads(1)
    if hasattr(os, "sched_setaffinity"):
        # or each loop would keep the core that its thread happens to get, a busier one or not
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    for shape in asked.shapes:
        _show(shape, asked)


if __name__ == "__main__":
    main()
