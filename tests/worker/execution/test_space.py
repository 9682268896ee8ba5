"""The space that is taken before training holds what is written afterwards."""

from pathlib import Path
from uuid import UUID

import pytest
import torch
from pydantic import JsonValue
from sqlalchemy import create_engine

from app.artifacts import ArtifactFolder
from app.domain.errors import ArtifactsUnavailable
from tests.disks import Disk
from tests.worker.builders import make_spec
from worker.datasets.build import build_task
from worker.execution.space import ReservedSpace, SpaceNeeded
from worker.publishing.publish import Publisher, Trained
from worker.publishing.run_log import RunLog
from worker.training.checkpoint import Saving
from worker.training.loop import train

RUN = UUID(int=1)
CPU = torch.device("cpu")
MIB = 2**20
WIDE: dict[str, JsonValue] = {"kind": "lstm", "hidden_size": 32, "num_layers": 3}
SPECS: tuple[dict[str, JsonValue], ...] = (
    {"model": {"kind": "elman", "hidden_size": 1}, "optimizer": {"kind": "sgd", "momentum": 0.9}},
    {"model": {"kind": "gru", "hidden_size": 16, "bidirectional": True}},
    {"model": WIDE, "training": {"num_steps": 120, "on_instability": "rollback"}},
    {"model": WIDE, "training": {"precision": "float64"}, "optimizer": {"kind": "adamw"}},
    {"optimizer": {"kind": "rmsprop", "momentum": 0.9}, "dataset": {"length": 600}},
    {"dataset": {"kind": "copy_memory", "length": 30}},
    {"dataset": {"kind": "digits"}, "training": {"num_steps": 3}},
)


@pytest.mark.parametrize("patch", SPECS)
def test_what_a_run_writes_fits_into_what_was_reckoned(
    tmp_path: Path, patch: dict[str, JsonValue]
) -> None:
    spec = make_spec(patch)
    task = build_task(spec.dataset, upload=None)
    checkpoints: list[bytes] = []
    outcome = train(
        spec,
        task,
        device=CPU,
        send=lambda _batch: None,
        begin=lambda _facts, _names, _device: None,
        stop_requested=lambda: None,
        saving=Saving(is_due=lambda: True, keep=lambda _step, content: checkpoints.append(content)),
    )
    publisher = Publisher(
        engine=create_engine("postgresql+psycopg://nowhere.invalid/"),
        artifacts=ArtifactFolder(root=tmp_path),
        run_id=RUN,
        attempt=1,
        log=RunLog(),
    )
    trained = Trained(spec=spec, task=task, outcome=outcome)
    published = publisher.publish(trained, spec=spec, device=CPU).files

    needed = SpaceNeeded.of(spec, task)

    largest, written = max(map(len, checkpoints)), sum(file.num_bytes for file in published)
    assert largest <= needed.checkpoint <= 3 * largest + 32_768
    assert written <= needed.published <= 4 * written + 131_072


def space_on(disk: Disk, *, attempt: int = 1) -> ReservedSpace:
    return ReservedSpace(ArtifactFolder(root=disk.path), run_id=RUN, attempt=attempt)


def test_space_is_taken_from_the_disk_and_given_back(disk: Disk) -> None:
    folder, space = ArtifactFolder(root=disk.path), space_on(disk)
    before = folder.free_bytes()

    space.take(SpaceNeeded(checkpoint=MIB // 4, published=MIB // 2))

    assert before - folder.free_bytes() >= MIB + MIB // 4
    space.give_all()
    assert folder.free_bytes() >= before - 4096


def test_a_disk_without_enough_space_is_refused_and_left_as_it_was(disk: Disk) -> None:
    folder, space = ArtifactFolder(root=disk.path), space_on(disk)
    before = folder.free_bytes()

    with pytest.raises(ArtifactsUnavailable, match="is full"):
        space.take(SpaceNeeded(checkpoint=MIB, published=0))

    space.give_all()
    assert space.wanted_bytes == 5 * MIB
    assert folder.free_bytes() >= before - 4096


def test_a_checkpoint_is_written_on_a_disk_that_others_have_filled(disk: Disk) -> None:
    folder, space = ArtifactFolder(root=disk.path), space_on(disk)
    space.take(SpaceNeeded(checkpoint=MIB // 4 + 8192, published=MIB // 4))
    disk.fill()

    for number in range(4):
        name = f"checkpoint-{number:09d}-0001.safetensors"
        space.give_for_checkpoint(MIB // 4 - 5)
        folder.write(RUN, name, bytes(MIB // 4 - 5))
        folder.remove(RUN, [f"checkpoint-{number - 2:09d}-0001.safetensors"])
        space.take_again()
        disk.fill()
    space.give_all()
    folder.write(RUN, "published-0001-model.safetensors", bytes(MIB // 4))

    assert len(folder.names(RUN)) == 3


def test_a_later_attempt_needs_no_space_for_checkpoints_that_are_there(disk: Disk) -> None:
    folder, space = ArtifactFolder(root=disk.path), space_on(disk, attempt=2)
    for number in range(2):
        folder.write(RUN, f"checkpoint-{number:09d}-0001.safetensors", b"")
    stale = folder.make_run(RUN) / "reserved-0001.part"
    stale.write_bytes(bytes(MIB))

    space.take(SpaceNeeded(checkpoint=MIB // 2, published=MIB // 4))

    assert space.wanted_bytes == 3 * (MIB // 2) + MIB // 4
    assert not stale.exists()
