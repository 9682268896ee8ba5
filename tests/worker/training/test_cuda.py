"""Training on a GPU: the same bits again, and ends that are told as on a CPU."""

from collections.abc import Callable, Iterator
from uuid import UUID

import numpy as np
import pytest
import torch
from pydantic import JsonValue
from safetensors.torch import load

from app.domain.runs import StopReason
from app.domain.specs.job import JobSpec
from app.domain.telemetry import ReadingBatch, ScalarReading, of_kind
from tests.worker.builders import make_spec
from worker.datasets.build import build_task
from worker.execution.failures import explain
from worker.publishing.publish import Trained, contents_of
from worker.training.checkpoint import NEVER, Saving, Start, unpack
from worker.training.determinism import settle_kernels
from worker.training.loop import train
from worker.training.outcome import TrainingOutcome

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU"),
]
KINDS = ("elman", "gru", "lstm")
DIVERGING: dict[str, JsonValue] = {
    "init": {"recurrent": {"kind": "spectral_radius", "radius": 5.0}},
    "dataset": {"length": 200},
    "model": {"hidden_size": 64},
    "clipping": {"kind": "none"},
    "training": {"num_steps": 100, "batch_size": 32},
}


def train_on(
    device: str,
    spec: JobSpec,
    *,
    stop_requested: Callable[[], StopReason | None] = lambda: None,
    saving: Saving = NEVER,
    start: Start | None = None,
) -> tuple[TrainingOutcome, list[ReadingBatch]]:
    batches: list[ReadingBatch] = []
    settle_kernels(torch.device(device), deterministic=True)
    outcome = train(
        spec,
        build_task(spec.dataset, upload=None),
        device=torch.device(device),
        send=batches.append,
        begin=lambda *_: None,
        stop_requested=stop_requested,
        saving=saving,
        start=start,
    )
    return outcome, batches


def series(batches: list[ReadingBatch], quantity: str) -> list[float]:
    chunks = [batch.chunk for batch in batches if batch.chunk is not None]
    return [float(value) for chunk in chunks for value in chunk.scalars[quantity]]


def assert_same_weights(one: TrainingOutcome, other: TrainingOutcome) -> None:
    pairs = zip(one.model.named_tensors(), other.model.named_tensors(), strict=True)
    assert all(torch.equal(first, second) for (_, first), (_, second) in pairs)


def cancelled_after(num_steps: int) -> Callable[[], StopReason | None]:
    asked: Iterator[int] = iter(range(num_steps))
    return lambda: StopReason.CANCELLED if next(asked, None) is None else None


@pytest.mark.parametrize("kind", KINDS)
def test_a_gpu_gives_the_same_bits_again_and_nearly_those_of_the_cpu(kind: str) -> None:
    spec = make_spec({"model": {"kind": kind}, "probes": {"tier": "standard"}})

    (first, batches), (again, _) = train_on("cuda", spec), train_on("cuda", spec)
    _, on_cpu = train_on("cpu", spec)

    assert_same_weights(first, again)
    np.testing.assert_allclose(series(batches, "loss"), series(on_cpu, "loss"), rtol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_probes_on_a_gpu_change_no_bit_of_the_training(kind: str) -> None:
    plain = make_spec({"model": {"kind": kind}})
    probed = make_spec({"model": {"kind": kind}, "probes": {"tier": "full", "every": 4}})

    (without, some), (with_probes, others) = train_on("cuda", plain), train_on("cuda", probed)

    assert_same_weights(without, with_probes)
    for quantity in ("loss", "grad_norm", "update_ratio", "clip_coefficient"):
        assert series(some, quantity) == series(others, quantity)


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_resumed_on_a_gpu_is_the_run_undisturbed(kind: str) -> None:
    spec = make_spec({"model": {"kind": kind}, "training": {"on_instability": "rollback"}})
    kept: dict[int, bytes] = {}
    saving = Saving(is_due=lambda: False, keep=kept.__setitem__)

    whole, undisturbed = train_on("cuda", spec)
    _, before = train_on("cuda", spec, stop_requested=cancelled_after(5), saving=saving)
    resumed, after = train_on("cuda", spec, start=Start(checkpoint=unpack(kept[5])))

    assert_same_weights(whole, resumed)
    losses = series(before, "loss") + series(after, "loss")
    assert losses == series(undisturbed, "loss")


def test_on_a_gpu_a_flush_finds_the_divergence_and_drops_what_follows() -> None:
    outcome, batches = train_on("cuda", make_spec(DIVERGING))

    assert outcome.stop_reason is StopReason.DIVERGED
    found = series(batches, "loss")
    assert outcome.steps_done == len(found) < 5
    assert np.isfinite(found[:-1]).all()


@pytest.mark.parametrize("policy", ["stop", "rollback"])
def test_a_policy_on_a_gpu_ends_the_run_with_finite_weights(policy: str) -> None:
    training: dict[str, JsonValue] = {
        "num_steps": 150,
        "batch_size": 8,
        "on_instability": policy,
    }
    spec = make_spec({**DIVERGING, "training": training})

    outcome, batches = train_on("cuda", spec)

    assert outcome.stop_reason is StopReason.DIVERGED
    assert all(torch.isfinite(weight).all() for _, weight in outcome.model.named_tensors())
    readings = [one for batch in batches for one in of_kind(ScalarReading, batch.readings)]
    origins = [one for one in readings if "non_finite" in one.quantity]
    assert origins


def test_a_network_too_large_for_the_gpu_is_out_of_memory() -> None:
    spec = make_spec(
        {
            "model": {"kind": "lstm", "hidden_size": 512},
            "dataset": {"length": 400},
            "training": {"batch_size": 64},
        }
    )
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(64 * 2**20 / torch.cuda.mem_get_info()[1])
    try:
        with pytest.raises(Exception) as failure:  # noqa: PT011 - which one is what is told of it
            train_on("cuda", spec)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)

    stop_reason, error = explain(failure.value)
    assert stop_reason is StopReason.OUT_OF_MEMORY, failure.value
    assert error.startswith("Out of memory: ")


def test_the_weights_that_a_gpu_has_trained_are_published() -> None:
    spec = make_spec({"model": {"kind": "gru", "num_layers": 2, "bidirectional": True}})
    outcome, _ = train_on("cuda", spec)
    task = build_task(spec.dataset, upload=None)

    contents = contents_of(Trained(spec=spec, task=task, outcome=outcome), run_id=UUID(int=1))

    published = load(contents["model.safetensors"].content)
    for name, weight in outcome.model.named_tensors():
        assert torch.equal(published[name], weight.detach().cpu())
    assert {"best.safetensors", "golden.json", "model.json"} <= contents.keys()
