"""How often the loop makes the host wait for the GPU: never, between two flushes.

torch tells of each synchronising call where it is asked to; it does not see a copy from pageable
memory that the driver makes wait, so that is timed behind a long kernel.
"""

import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from pydantic import JsonValue

from app.domain.runs import StopReason
from bench.gpu.conditions import Conditions, Row, Verdict
from bench.gpu.training import make_spec, train_on
from worker.datasets.build import build_task

ROOT = Path(__file__).resolve().parents[2]
#: More than a buffer of readings holds, so that a flush is among them.
NUM_STEPS, FIRST_COUNTED = 300, 10
#: By what is special about them.
SPECS: Mapping[str, Mapping[str, JsonValue]] = {
    "elman": {"model": {"kind": "elman"}},
    "gru": {"model": {"kind": "gru"}},
    "lstm": {"model": {"kind": "lstm"}},
    "linear": {"model": {"kind": "elman", "activation": "linear"}},
    "many to many": {"dataset": {"kind": "copy_memory", "length": 50}},
    "two layers, both directions, dropout": {
        "model": {"kind": "lstm", "num_layers": 2, "bidirectional": True, "dropout": 0.2}
    },
    "truncated": {"training": {"bptt_length": 25}},
    "clipped by value": {"clipping": {"kind": "value", "max_value": 0.1}},
    "float64, penalties": {
        "training": {"precision": "float64"},
        "regularization": {"l1": 1e-6, "l2": 1e-6},
    },
    "rmsprop": {"optimizer": {"kind": "rmsprop"}},
    "sgd": {"optimizer": {"kind": "sgd", "momentum": 0.9}},
}
#: Policies that must know of each step whether its gradient is finite: they wait by design.
WAITING: Mapping[str, Mapping[str, JsonValue]] = {
    policy: {"training": {"on_instability": policy}} for policy in ("skip_step", "rollback")
}


def measure(conditions: Conditions) -> Iterator[Row]:
    """A row for each spec; on a CPU there is nothing to wait for."""
    if not conditions.is_cuda:
        yield {"spec": "all", "is_applicable": False}
        return
    for name, patch in {**SPECS, **WAITING}.items():
        yield _row(conditions, name, patch)
    for length in (50, 1000):
        yield _copy_row(conditions, length)


@dataclass(kw_only=True)
class SyncCounter:
    """Synchronising calls by the innermost line of this repository that made them."""

    is_counting: bool = False
    at_flush: Counter[str] = field(default_factory=Counter)
    elsewhere: Counter[str] = field(default_factory=Counter)
    other_warnings: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def counted(self) -> Iterator[None]:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.showwarning = self._note  # type: ignore[assignment]
            torch.cuda.set_sync_debug_mode("warn")
            try:
                yield
            finally:
                torch.cuda.set_sync_debug_mode("default")

    def _note(self, message: Warning | str, *_: Any) -> None:
        if "called a synchronizing" not in str(message):
            self.other_warnings[str(message)[:200]] += 1
        elif self.is_counting:
            place, is_flush = _place()
            (self.at_flush if is_flush else self.elsewhere)[place] += 1


def _place() -> tuple[str, bool]:
    """The innermost line in our own code, and whether the recorder was flushing."""
    frame = sys._getframe(1)  # noqa: SLF001 - the cheapest way to one's callers
    place, is_flush = "", False
    while frame.f_back is not None:
        frame = frame.f_back
        path = Path(frame.f_code.co_filename)
        is_ours = path.is_relative_to(ROOT) and path.name != Path(__file__).name
        if is_ours and not place:
            place = f"{path.relative_to(ROOT)}:{frame.f_lineno} in {frame.f_code.co_name}"
        is_flush |= is_ours and frame.f_code.co_name == "flush"
    return place or "unknown", is_flush


def _row(conditions: Conditions, name: str, patch: Mapping[str, JsonValue]) -> Row:
    counter = SyncCounter()
    spec = make_spec({**patch, "training": {**_training(patch), "num_steps": NUM_STEPS}})
    asked = 0

    def watch() -> StopReason | None:
        nonlocal asked
        asked += 1
        counter.is_counting = FIRST_COUNTED < asked < NUM_STEPS
        return None

    with counter.counted():
        train_on(spec, conditions.device, stop_requested=watch)
    return {
        "spec": name,
        "is_applicable": True,
        "waits_by_design": name in WAITING,
        "steps": NUM_STEPS - FIRST_COUNTED - 1,
        "syncs_at_flushes": counter.at_flush.total(),
        "syncs_elsewhere": counter.elsewhere.total(),
        "places": dict(counter.elsewhere),
        "places_at_flushes": dict(counter.at_flush),
        "other_warnings": dict(counter.other_warnings),
    }


def _training(patch: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
    training = patch.get("training", {})
    return training if isinstance(training, dict) else {}


def _copy_row(conditions: Conditions, length: int) -> Row:
    """How long the host waits in a batch's copy while the device is busy for a while."""
    spec = make_spec({"dataset": {"kind": "copy_memory", "length": length}})
    task = build_task(spec.dataset, upload=None)
    batch = task.training_batch(0, batch_size=32, seed=0)
    seconds = {}
    for name in ("first", "pinned", "pageable"):
        conditions.synchronise()
        # a kernel of about a tenth of a second, which torch offers under a private name only
        torch.cuda._sleep(200_000_000)  # type: ignore[no-untyped-call]  # noqa: SLF001 - no public name
        started_s = time.perf_counter()
        if name == "pageable":
            batch.inputs_TBI.to(conditions.device, non_blocking=True)
        else:
            batch.to(conditions.device, torch.float32)
        seconds[name] = time.perf_counter() - started_s
        conditions.synchronise()
        busy_s = time.perf_counter() - started_s
    return {
        "spec": f"copy of a batch of {batch.inputs_TBI.nbytes} bytes",
        "is_applicable": True,
        "pinned_ms": round(1e3 * seconds["pinned"], 3),
        "pageable_ms": round(1e3 * seconds["pageable"], 3),
        "device_busy_ms": round(1e3 * busy_s, 1),
    }


def judge(rows: Sequence[Row]) -> Sequence[Verdict]:
    """Zero between flushes where no policy asks for more."""
    verdicts = []
    for row in rows:
        if not row["is_applicable"]:
            text = "Not applicable: on a CPU there is nothing to wait for."
            verdicts.append(Verdict(is_right=None, sentence=text))
        elif "pinned_ms" in row:
            text = (
                f"{row['spec']}: while the GPU is busy for {row['device_busy_ms']} ms the host "
                f"waits {row['pinned_ms']} ms, from pageable memory {row['pageable_ms']} ms."
            )
            verdicts.append(Verdict(is_right=None, sentence=text))
        else:
            is_right = None if row["waits_by_design"] else row["syncs_elsewhere"] == 0
            text = (
                f"{row['spec']}: {row['syncs_elsewhere']} waits between flushes in "
                f"{row['steps']} steps, {row['syncs_at_flushes']} at flushes."
            )
            verdicts.append(Verdict(is_right=is_right, sentence=text))
    return verdicts
