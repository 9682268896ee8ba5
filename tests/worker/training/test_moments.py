"""Who acts at which moment of a run, and that no step makes the host wait for a device."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest
import torch
from pydantic import JsonValue
from torch.utils._python_dispatch import TorchDispatchMode

from app.domain.specs.job import JobSpec
from tests.worker.builders import make_spec
from worker.datasets.build import build_task
from worker.telemetry.recorder import Recorder
from worker.training.checkpoint import Saving
from worker.training.instability import InstabilityGuard
from worker.training.learner import Learner
from worker.training.loop import TrainingLoop
from worker.training.observation import Observer
from worker.training.state import CheckpointSaver

#: What makes the host wait: `item`, `float`, `bool`, and an index by a mask.
_READS = {torch.ops.aten._local_scalar_dense.default, torch.ops.aten.nonzero.default}
SAVED_ALWAYS = Saving(is_due=lambda: True, keep=lambda _step, _content: None)


def a_loop(spec: JobSpec) -> TrainingLoop:
    task = build_task(spec.dataset, upload=None)
    return TrainingLoop(
        spec, task, device=torch.device("cpu"), send=lambda _batch: None, saving=SAVED_ALWAYS
    )


def told(actor: type[object], method: str, said: list[str], patch: pytest.MonkeyPatch) -> None:
    """Have each call of the method leave its name; it does what it did."""
    original: Callable[..., Any] = getattr(actor, method)

    def call(*args: object, **kwargs: object) -> object:
        said.append(f"{actor.__name__}.{method}")
        return original(*args, **kwargs)

    patch.setattr(actor, method, call)


def test_moments_come_in_the_order_that_the_loop_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    for actor, methods in {
        Observer: ("before_step", "at_end"),
        Learner: ("loss", "gradient", "update"),
        InstabilityGuard: ("look", "respond"),
        Recorder: ("record", "flush"),
        CheckpointSaver: ("save",),
    }.items():
        for method in methods:
            told(actor, method, said, monkeypatch)
    step = [
        "Observer.before_step",
        "Learner.loss",
        "Learner.gradient",
        "InstabilityGuard.look",
        "InstabilityGuard.respond",
        "Learner.update",
        "Recorder.record",
    ]
    flush, save = "Recorder.flush", "CheckpointSaver.save"

    a_loop(make_spec({"training": {"num_steps": 2}})).run(lambda: None)

    first, second = [*step, flush, flush, save], [*step, flush, save]
    assert said == [*first, *second, flush, save, "Observer.at_end", flush]


class Reads(TorchDispatchMode):
    """Counts what would make the host wait for a GPU."""

    num = 0

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        self.num += func in _READS
        return func(*args, **(kwargs or {}))


CASES: tuple[dict[str, JsonValue], ...] = (
    {"clipping": {"kind": "none"}},
    {"clipping": {"kind": "norm"}},
    {"clipping": {"kind": "norm", "min_norm": 0.5}},
    {"clipping": {"kind": "value"}},
    {"optimizer": {"kind": "sgd", "momentum": 0.5}},
    {"optimizer": {"kind": "adamw", "schedule": {"kind": "cosine"}}},
    {"optimizer": {"kind": "rmsprop"}},
    {"regularization": {"l1": 0.1, "l2": 0.1}, "model": {"kind": "gru", "num_layers": 2}},
    {"training": {"bptt_length": 5}, "model": {"kind": "lstm", "num_layers": 2, "dropout": 0.2}},
)


@pytest.mark.parametrize("patch", CASES, ids=str)
def test_no_step_reads_a_number_from_the_device(patch: dict[str, JsonValue]) -> None:
    loop = a_loop(make_spec(patch))
    # as with `report` on a GPU
    loop._guard._looks_each_step = False

    with Reads() as reads:
        for step in range(3):
            loop._step(step)

    assert reads.num == 0


@pytest.mark.parametrize("read", [float, bool, torch.Tensor.item], ids=["float", "bool", "item"])
def test_a_read_would_be_seen(read: Callable[[torch.Tensor], object]) -> None:
    number = torch.ones(())

    with Reads() as reads:
        read(number * 2)

    assert reads.num == 1
