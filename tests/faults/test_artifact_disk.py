"""Without space for their files runs wait, and then end with the weights of undisturbed ones."""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest

from app.domain.artifact_space import ARTIFACT_SPACE
from app.domain.checkpoints import checkpoint_name
from app.domain.runs import RunStatus, StopReason
from app.domain.specs.job import JobSpec
from tests.disks import MIB, Disk, mounted_at
from tests.faults.clinic import Clinic
from tests.faults.work import Work, small_spec
from tests.faults.worker_group import WorkerGroup
from tests.worker.supervision.runs import ENDLESS, make_spec
from tests.workers import wait_until

#: Of the seventh small case: less than a network of these sizes needs.
SMALL_BYTES = 700 * 1024
WIDE = {"kind": "lstm", "hidden_size": 128, "num_layers": 2}
#: Long enough that something happens to it between two checkpoints.
LONG = {"num_steps": 1500, "batch_size": 4, "evaluate_every": 500}


@pytest.fixture
def disk(clinic: Clinic, tmp_path: Path, mounts: None) -> Iterator[Disk]:
    """Where the clinic's artifacts are for the time of the test."""
    with mounted_at(clinic.home / "artifacts", tmp_path / "mounts", size_bytes=64 * MIB) as made:
        yield made


def is_held(group: WorkerGroup, run_id: UUID) -> bool:
    run = group.runs.get(run_id)
    return (run.status, run.held_for) == (RunStatus.QUEUED, ARTIFACT_SPACE)


def wait_until_held(group: WorkerGroup, run_id: UUID) -> None:
    wait_until(lambda: is_held(group, run_id), within_s=60)


def unfinished(clinic: Clinic) -> list[str]:
    return [path.name for path in (clinic.home / "artifacts").rglob("*.part")]


def published(clinic: Clinic, run_id: UUID) -> set[str]:
    names = {path.name for path in (clinic.home / "artifacts" / str(run_id)).iterdir()}
    return {name.split("-", 2)[2] for name in names if name.startswith("published-")}


def test_a_run_without_space_waits_and_trains_once_there_is_some(
    clinic: Clinic, group: WorkerGroup, disk: Disk
) -> None:
    disk.leave_free(SMALL_BYTES)
    group.of(1)
    run_id = group.submit(make_spec(model=WIDE))

    wait_until_held(group, run_id)
    waiting = group.runs.get(run_id)
    small_id = group.submit(make_spec())
    small = group.runs.wait_for_end(small_id)
    is_still_held = is_held(group, run_id)
    disk.leave_free(64 * MIB)
    run = group.runs.wait_for_end(run_id)

    assert (waiting.crash_count, waiting.stop_reason, waiting.progress_step) == (0, None, 0)
    assert small.stop_reason is StopReason.COMPLETED, small.error
    assert is_still_held
    assert (run.stop_reason, run.error) == (StopReason.COMPLETED, None)
    assert "model.safetensors" in published(clinic, run_id)
    assert unfinished(clinic) == []


@pytest.mark.parametrize("harm", [Disk.make_read_only, Disk.take_away])
def test_a_run_whose_folder_fails_under_it_waits_and_ends_as_an_undisturbed_one(
    clinic: Clinic, disk: Disk, harm: Callable[[Disk], None]
) -> None:
    clinic.group.of(1)
    work = Work(clinic, (small_spec(training=LONG),))
    run_id = work.submit()
    clinic.group.runs.wait_for_step(run_id)

    harm(disk)
    wait_until_held(clinic.group, run_id)
    held = clinic.group.runs.get(run_id)
    disk.repair()
    work.wait_for_ends()

    tally = work.judge()
    assert tally.is_clean, tally.complaints
    assert held.crash_count == 0
    assert "model.safetensors" in published(clinic, run_id)
    assert unfinished(clinic) == []


def test_a_run_with_its_space_does_not_notice_that_others_fill_the_disk(
    clinic: Clinic, disk: Disk
) -> None:
    clinic.group.of(1)
    work = Work(clinic, (small_spec(training=LONG),))
    run_id = work.submit()
    clinic.group.runs.wait_for_step(run_id)

    disk.fill()
    work.wait_for_ends()

    assert work.judge().is_clean
    assert "model.safetensors" in published(clinic, run_id)


def test_a_run_that_waits_for_space_can_be_cancelled(group: WorkerGroup, disk: Disk) -> None:
    disk.leave_free(SMALL_BYTES)
    group.of(1)
    run_id = group.submit(make_spec(model=WIDE))
    wait_until_held(group, run_id)

    group.cancel(run_id)

    assert group.runs.wait_for_end(run_id).stop_reason is StopReason.CANCELLED


def test_a_run_is_cancelled_while_its_folder_cannot_be_written(
    group: WorkerGroup, disk: Disk
) -> None:
    group.of(1)
    run_id = group.submit(make_spec(training=ENDLESS))
    group.runs.wait_for_step(run_id)
    disk.make_read_only()

    group.cancel(run_id)
    run = group.runs.wait_for_end(run_id)
    disk.repair()

    assert run.stop_reason is StopReason.CANCELLED
    assert run.error == "The artifact folder is read-only."


def test_a_fork_whose_checkpoint_is_tampered_with_fails_and_does_not_start_over(
    clinic: Clinic, group: WorkerGroup, disk: Disk
) -> None:
    group.of(1)
    parent: JobSpec = make_spec()
    parent_id = group.submit(parent)
    group.runs.wait_for_end(parent_id)
    group.of(0)
    fork = clinic.open_api().http.post(
        f"/v1/runs/{parent_id}/fork", json={"patch": {"training": {"num_steps": 40}}}
    )
    fork_id = UUID(fork.json()["id"])
    checkpoint = disk.path / str(fork_id) / checkpoint_name(20, 1)
    checkpoint.write_bytes(checkpoint.read_bytes()[:-1] + b"!")

    group.of(1)
    run = group.runs.wait_for_end(fork_id)

    assert run.stop_reason is StopReason.INVALID_DATA
    assert run.error == "The checkpoint from which this fork starts cannot be read."
    assert group.runs.steps(fork_id) == []
