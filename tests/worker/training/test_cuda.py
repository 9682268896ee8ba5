import numpy as np
import pytest
import torch
from pydantic import JsonValue

from app.domain.runs import StopReason
from app.domain.specs.job import JobSpec
from app.domain.telemetry import ReadingBatch
from tests.worker.builders import make_spec
from worker.datasets.build import build_task
from worker.training.determinism import settle_kernels
from worker.training.loop import TrainingOutcome, train

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU"),
]


def train_on(device: str, spec: JobSpec) -> tuple[TrainingOutcome, list[ReadingBatch]]:
    batches: list[ReadingBatch] = []
    settle_kernels(torch.device(device), deterministic=True)
    outcome = train(
        spec,
        build_task(spec.dataset, upload=None),
        device=torch.device(device),
        send=batches.append,
        begin=lambda *_: None,
        stop_requested=lambda: None,
    )
    return outcome, batches


def losses(batches: list[ReadingBatch]) -> list[float]:
    chunks = [batch.chunk for batch in batches if batch.chunk is not None]
    return [float(loss) for chunk in chunks for loss in chunk.scalars["loss"]]


@pytest.mark.parametrize("kind", ["elman", "gru", "lstm"])
def test_a_gpu_gives_the_same_bits_again_and_nearly_those_of_the_cpu(kind: str) -> None:
    spec = make_spec({"model": {"kind": kind}, "probes": {"tier": "standard"}})

    (first, batches), (again, _) = train_on("cuda", spec), train_on("cuda", spec)
    _, on_cpu = train_on("cpu", spec)

    pairs = zip(first.model.named_tensors(), again.model.named_tensors(), strict=True)
    assert all(torch.equal(one, two) for (_, one), (_, two) in pairs)
    np.testing.assert_allclose(losses(batches), losses(on_cpu), rtol=1e-3)


def test_on_a_gpu_a_flush_finds_the_divergence_and_drops_what_follows() -> None:
    patch: dict[str, JsonValue] = {
        "init": {"recurrent": {"kind": "spectral_radius", "radius": 5.0}},
        "dataset": {"length": 200},
        "model": {"hidden_size": 64},
        "clipping": {"kind": "none"},
        "training": {"num_steps": 100, "batch_size": 32},
    }

    outcome, batches = train_on("cuda", make_spec(patch))

    assert outcome.stop_reason is StopReason.DIVERGED
    found = losses(batches)
    assert outcome.steps_done == len(found) < 5
    assert np.isfinite(found[:-1]).all()
