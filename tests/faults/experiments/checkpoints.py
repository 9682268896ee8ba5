"""Checkpoints that are damaged on the disk, and what checkpoints cost."""

import os
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from random import Random
from uuid import UUID

import torch
from pydantic import JsonValue
from sqlalchemy import Engine

from app.artifacts import ArtifactFolder
from app.domain.specs.job import JobSpec
from app.services.checkpoints.discard_checkpoint import REASON
from app.services.fleet.register_worker import register_worker
from app.services.telemetry.record_batch import record_batch
from app.settings import Settings
from app.store.database import make_engine, unit_of_work
from app.store.events import last_events
from bench.overhead import SHAPES, make_spec
from tests.faults.clinic import Clinic
from tests.faults.results import Result, quantile, spread
from tests.faults.work import SMALL_SPECS, Tally
from tests.store.builders import a_batch
from worker.datasets.build import build_task
from worker.execution.saving import Checkpoints
from worker.supervision.run_records import claim
from worker.telemetry.sending import PendingCheckpoint
from worker.training.checkpoint import Saving
from worker.training.loop import train

CPU = torch.device("cpu")
#: Long enough for any experiment.
LEASE_S = 86_400.0
#: Of wall time, at the default interval.
MAX_SHARE = 0.02
#: One run at a time is claimed here, whatever the quota.
MANY_RUNS = 1000
#: Steps done in the two checkpoints that are written again and again.
STEPS = (3, 7)
LARGE: dict[str, dict[str, JsonValue]] = {
    "LSTM H=512, 2 layers": {"kind": "lstm", "hidden_size": 512, "num_layers": 2}
}

Damage = Callable[[bytes, Random], bytes | None]


def flip_a_bit(content: bytes, random: Random) -> bytes:
    at = random.randrange(len(content))
    return content[:at] + bytes([content[at] ^ 1 << random.randrange(8)]) + content[at + 1 :]


def cut_off(content: bytes, random: Random) -> bytes:
    return content[: random.randrange(len(content))]


def blank_out(content: bytes, random: Random) -> bytes:
    """What a disk gives back whose blocks were never written."""
    at = random.randrange(len(content) - 1)
    length = random.randint(1, 4096)
    blank = content[:at] + b"\0" * len(content[at : at + length]) + content[at + length :]
    # a part that was zero anyway is not damaged
    return blank if blank != content else flip_a_bit(content, random)


def append(content: bytes, random: Random) -> bytes:
    return content + random.randbytes(random.randint(1, 4096))


def remove(_content: bytes, _random: Random) -> None:
    return None


DAMAGES: tuple[Damage, ...] = (flip_a_bit, cut_off, blank_out, append, remove)


class Patient:
    """One run whose checkpoints are damaged, under an attempt of this process."""

    def __init__(self, clinic: Clinic, engine: Engine) -> None:
        self._engine = engine
        self._folder = clinic.home / "artifacts"
        [spec] = SMALL_SPECS[:1]
        self._contents = contents_of(spec, at_steps=STEPS)
        self.run_id = clinic.runs.submit(spec)
        self.checkpoints = claimed(engine, self._folder, self.run_id)
        self._step = self._next_seq = 0

    def keep_two(self) -> Path:
        """Returns the file of the second; before each there is a batch of readings."""
        for content in self._contents:
            self._step += 1
            with unit_of_work(self._engine) as work:
                record_batch(
                    work,
                    run_id=self.run_id,
                    attempt=1,
                    seq=self._next_seq,
                    batch=a_batch(first_step=self._step, num_steps=1),
                )
            self._next_seq += 1
            self.checkpoints.save(PendingCheckpoint(step=self._step, content=content))
        folder = self._folder / str(self.run_id)
        return max(folder.iterdir(), key=lambda path: path.name)

    def recover(self) -> str | None:
        """What is wrong with where the run goes on from; None for nothing."""
        plan, start = self.checkpoints.find_start()
        self._next_seq = plan.next_seq
        if start is None or plan.checkpoint is None:
            return "it would start over"
        if plan.checkpoint.step != self._step - 1 or start.checkpoint.notes.step != STEPS[0]:
            return f"it would go on from step {plan.checkpoint.step}"
        if self._last_event()["reason"] != REASON:
            return "the run's log does not tell"
        return None

    def _last_event(self) -> Mapping[str, object]:
        with unit_of_work(self._engine) as work:
            [last] = last_events(work.session, self.run_id, 1)
        return {"reason": None, **last.data}


def damage_checkpoints(clinic: Clinic, random: Random, *, num_checkpoints: int) -> Result:
    """Each is noticed, and the run goes on from the one before it."""
    tally, kinds = Tally(), Counter[str]()
    engine = make_engine(clinic.database_url, pool_size=2)
    patient = Patient(clinic, engine)
    for number in range(num_checkpoints):
        damage = random.choice(DAMAGES)
        path = patient.keep_two()
        damaged = damage(path.read_bytes(), random)
        if damaged is None:
            path.unlink()
        else:
            path.write_bytes(damaged)
        wrong = patient.recover()
        if wrong is not None:
            tally.complain(f"checkpoint {number}, {damage.__name__}: {wrong}")
        kinds[damage.__name__.replace("_", " ")] += 1
    engine.dispose()
    figures = {
        "checkpoints damaged": num_checkpoints,
        **{f"of these, {kind}": count for kind, count in kinds.most_common()},
        "unnoticed, or not recovered from the one before": len(tally.complaints),
    }
    return Result(passed=not tally.complaints, figures=figures, complaints=tally.complaints)


def time_checkpoints(clinic: Clinic, _random: Random, *, num_checkpoints: int) -> Result:
    """Seconds that one takes, in training and beside it, over the default interval between two."""
    engine = make_engine(clinic.database_url, pool_size=2)
    interval_s = Settings.checkpoint_every_s
    figures: dict[str, float | str] = {"s between checkpoints by default": interval_s}
    complaints = []
    for name, model in {**SHAPES, **LARGE}.items():
        spec = make_spec(model, num_steps=num_checkpoints, tier="off")
        seconds = costs_of(clinic, engine, spec)
        share = quantile(seconds, 0.99) / interval_s
        figures[f"s for one checkpoint, {name}"] = spread(seconds)
        figures[f"share of wall time at p99, {name}"] = f"{share:.3%}"
        if share > MAX_SHARE:
            complaints.append(f"{name}: checkpoints take {share:.1%}")
    engine.dispose()
    return Result(passed=not complaints, figures=figures, complaints=complaints)


def costs_of(clinic: Clinic, engine: Engine, spec: JobSpec) -> list[float]:
    """Seconds to flush, pack, force to the disk and note one, after each step.

    An upper bound: in a worker most of it happens while training goes on.
    """
    run_id = clinic.runs.submit(spec)
    checkpoints = claimed(engine, clinic.home / "artifacts", run_id)
    asked_at, seconds = [0.0], []

    def is_due() -> bool:
        asked_at[0] = time.monotonic()
        return True

    def keep(step: int, content: bytes) -> None:
        checkpoints.save(PendingCheckpoint(step=step, content=content))
        seconds.append(time.monotonic() - asked_at[0])

    train_with(spec, Saving(is_due=is_due, keep=keep))
    return seconds


def contents_of(spec: JobSpec, *, at_steps: Collection[int]) -> list[bytes]:
    """Checkpoints of a run of this process."""
    contents: dict[int, bytes] = {}
    train_with(spec, Saving(is_due=lambda: True, keep=contents.__setitem__))
    return [contents[step] for step in at_steps]


def train_with(spec: JobSpec, saving: Saving) -> None:
    train(
        spec,
        build_task(spec.dataset, upload=None),
        device=CPU,
        send=lambda _batch: None,
        begin=lambda _task, _tensors, _device: None,
        stop_requested=lambda: None,
        saving=saving,
    )


def claimed(engine: Engine, artifacts: Path, run_id: UUID) -> Checkpoints:
    """Of a queued run, which is this process's from now on."""
    with unit_of_work(engine) as work:
        worker_id = register_worker(
            work,
            host="here",
            pid=os.getpid(),
            devices=("cpu",),
            slots=1,
            threads_per_run=1,
            release="",
        )
    run = claim(
        engine, worker_id=worker_id, devices=("cpu",), lease_s=LEASE_S, max_running_runs=MANY_RUNS
    )
    assert run is not None
    assert run.id == run_id
    folder = ArtifactFolder(root=artifacts)
    folder.make()
    return Checkpoints(
        engine=engine,
        artifacts=folder,
        run_id=run_id,
        attempt=run.attempt,
    )
