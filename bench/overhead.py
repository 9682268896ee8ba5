"""What the looking costs: instrumented training against a bare PyTorch loop of the same model.

    python -m bench.overhead [--repetitions 8] [--seconds 4] [--clock wall|processor] [--tiers …]
                             [--shapes elman gru lstm]

Bare and instrumented repetitions take turns, each pair in the other order, so that what else the
machine does falls on both. Printed: the median of the paired ratios with the middle half of them:
with probes off to the bare loop, then of each tier within its own budget to the bare loop and to
the loop with probes off; and the recorder's own share of a step, timed alone.
The first and the last probe of a run are outside of its budget and of this figure; so are
evaluations, which are part of the task. On a machine that others use too, the processor's clock
leaves out the time that they had.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import torch
from pydantic import JsonValue
from torch import Tensor

from app.domain.runs import StopReason
from app.domain.specs.job import JobSpec
from app.domain.telemetry import ReadingBatch
from worker.datasets.build import build_task
from worker.gradients import nonzero_counts, tensor_norms
from worker.probes.suite import TIERS
from worker.recorder import Recorder, StepReading
from worker.training.loop import TrainingLoop
from worker.training.preparation import prepared_model

Clock = Callable[[], float]
CLOCKS: dict[str, Clock] = {"wall": time.perf_counter, "processor": time.process_time}
CPU = torch.device("cpu")
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


def bare_seconds(spec: JobSpec, clock: Clock) -> float:
    """What one would write by hand: forward, backward, clip, update, with the same fused Adam."""
    task = build_task(spec.dataset, upload=None)
    model = prepared_model(spec, task, device=CPU, dtype=torch.float32)
    weights = list(model.parameters())
    optimizer = torch.optim.Adam(weights, lr=0.001, fused=True)
    started = 0.0
    for step in range(spec.training.num_steps - 1):
        if step == 1:
            started = clock()
        batch = task.training_batch(step, batch_size=32, seed=0)
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(model(batch.inputs_TBI), batch.targets)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
    return clock() - started


def instrumented_seconds(spec: JobSpec, clock: Clock) -> float:
    """The same steps: from before the second to before the last, when it asks whether to stop."""
    task = build_task(spec.dataset, upload=None)
    asked_at: list[float] = []
    sent: list[ReadingBatch] = []

    def note_time() -> StopReason | None:
        asked_at.append(clock())
        return None

    TrainingLoop(spec, task, device=CPU, send=sent.append).run(note_time)
    return asked_at[-1] - asked_at[1]


def paired_seconds(
    model: JsonValue, tiers: Sequence[str], clock: Clock, *, num_steps: int, repetitions: int
) -> list[dict[str, float]]:
    """Seconds of each loop, a repetition each; every other one goes through them backwards."""
    specs = {tier: make_spec(model, num_steps=num_steps, tier=tier) for tier in ("off", *tiers)}
    loops: list[tuple[str, Callable[[], float]]] = [
        ("bare", lambda: bare_seconds(specs["off"], clock)),
        *((tier, partial(instrumented_seconds, spec, clock)) for tier, spec in specs.items()),
    ]
    return [
        {name: measure() for name, measure in loops[:: -1 if repetition % 2 else 1]}
        for repetition in range(repetitions)
    ]


def ratio(pairs: Sequence[Mapping[str, float]], above: str, below: str) -> str:
    low, middle, high = statistics.quantiles([pair[above] / pair[below] for pair in pairs], n=4)
    return f"{above}/{below} {middle:.3f} ({low:.3f} to {high:.3f})"


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


def _show(shape: str, tiers: Sequence[str], clock: Clock, asked: argparse.Namespace) -> None:
    model = SHAPES[shape]
    trial = make_spec(model, num_steps=22, tier="off")
    step_s = bare_seconds(trial, clock) / 20
    num_steps = max(50, round(asked.seconds / step_s))
    share = recorder_seconds(trial, clock) / step_s
    print(f"{shape} H={model['hidden_size']} B=32 T=100: bare step {1e3 * step_s:.2f} ms")
    print(f"  recorder alone {share:.1%} of it", flush=True)
    pairs = paired_seconds(model, tiers, clock, num_steps=num_steps, repetitions=asked.repetitions)
    print(f"  {ratio(pairs, 'off', 'bare')}")
    for tier in tiers:
        print(f"  {ratio(pairs, tier, 'bare')}, {ratio(pairs, tier, 'off')}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=8, help="at least 2")
    parser.add_argument("--seconds", type=float, default=4.0, help="of one repetition, about")
    parser.add_argument("--clock", choices=CLOCKS, default="wall")
    parser.add_argument("--tiers", nargs="*", choices=TIERS, default=list(TIERS))
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, default=list(SHAPES))
    asked = parser.parse_args()
    torch.set_num_threads(1)
    for shape in asked.shapes:
        _show(shape, asked.tiers, CLOCKS[asked.clock], asked)


if __name__ == "__main__":
    main()
