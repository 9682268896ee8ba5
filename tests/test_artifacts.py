import threading
from pathlib import Path
from uuid import UUID

import pytest

from app.artifacts import ArtifactFolder, FolderWatch, digest_of
from app.domain.errors import ArtifactsUnavailable, FileDamaged, NotFound
from tests.disks import Disk

RUN, FORK = UUID(int=1), UUID(int=2)


@pytest.fixture
def folder(tmp_path: Path) -> ArtifactFolder:
    made = ArtifactFolder(root=tmp_path / "artifacts")
    made.make()
    return made


def test_what_was_written_is_read_again(folder: ArtifactFolder) -> None:
    digest = folder.write(RUN, "model", b"weights")

    assert folder.read(RUN, "model") == b"weights"
    assert digest == digest_of(b"weights")
    assert folder.names(RUN) == ("model",)


def test_what_is_not_there_is_not_found(folder: ArtifactFolder) -> None:
    with pytest.raises(NotFound):
        folder.read(RUN, "model")

    with pytest.raises(NotFound):
        folder.link(RUN, "model", into_run=FORK)

    assert folder.names(RUN) == ()


def test_a_lent_file_outlives_its_first_owner(folder: ArtifactFolder) -> None:
    folder.write(RUN, "model", b"weights")

    folder.link(RUN, "model", into_run=FORK)
    folder.link(RUN, "model", into_run=FORK)
    folder.remove_run(RUN)

    assert folder.read(FORK, "model") == b"weights"


def test_removing_twice_is_removing(folder: ArtifactFolder) -> None:
    folder.write(RUN, "model", b"weights")

    for _ in range(2):
        folder.remove(RUN, ["model"])
        folder.remove_run(FORK)

    assert folder.names(RUN) == ()


def test_a_file_is_verified_by_its_digest(folder: ArtifactFolder) -> None:
    digest = folder.write(RUN, "model", b"weights")

    path = folder.verified(RUN, "model", sha256=digest)
    path.write_bytes(b"weightz")

    with pytest.raises(FileDamaged):
        folder.verified(RUN, "model", sha256=digest)
    with pytest.raises(NotFound):
        folder.verified(FORK, "model", sha256=digest)


def test_what_earlier_attempts_left_unfinished_is_removed(folder: ArtifactFolder) -> None:
    run = folder.make_run(RUN)
    finished = "checkpoint-000000003-0001.safetensors"
    names = (finished, f"{finished}.part", "published-0002-log.txt.part", "reserved-0003.part")
    for name in names:
        (run / name).write_bytes(b"half")

    folder.remove_unfinished(RUN, up_to_attempt=2)

    assert folder.names(RUN) == (finished, "reserved-0003.part")


def test_a_root_that_is_gone_is_never_made_again(folder: ArtifactFolder) -> None:
    folder.write(RUN, "model", b"weights")
    folder.root.rename(folder.root.with_name("away"))

    for use in (
        folder.check_writable,
        folder.free_bytes,
        lambda: folder.write(RUN, "model", b"weights"),
        lambda: folder.read(RUN, "model"),
        lambda: folder.link(RUN, "model", into_run=FORK),
    ):
        with pytest.raises(ArtifactsUnavailable, match="is gone"):
            use()

    assert not folder.root.exists()


def test_a_file_below_a_root_that_is_there_is_missing(folder: ArtifactFolder) -> None:
    folder.make_run(RUN)

    with pytest.raises(NotFound):
        folder.read(RUN, "model")


def test_a_full_disk_leaves_no_part_of_a_file(disk: Disk) -> None:
    folder = ArtifactFolder(root=disk.path)
    folder.write(RUN, "small", b"1")

    with pytest.raises(ArtifactsUnavailable, match="is full"):
        folder.write(RUN, "large", bytes(4 * 2**20))

    assert folder.names(RUN) == ("small",)
    folder.check_writable()
    disk.fill()
    with pytest.raises(ArtifactsUnavailable, match="is full"):
        folder.check_writable()
    assert folder.free_bytes() == 0


def test_a_read_only_disk_is_read_and_not_written(disk: Disk) -> None:
    folder = ArtifactFolder(root=disk.path)
    folder.write(RUN, "model", b"weights")

    disk.make_read_only()

    assert folder.read(RUN, "model") == b"weights"
    folder.remove(RUN, ["model"])
    for use in (folder.check_writable, lambda: folder.write(RUN, "model", b"others")):
        with pytest.raises(ArtifactsUnavailable, match="is read-only"):
            use()
    assert folder.read(RUN, "model") == b"weights"


class Hanging(ArtifactFolder):
    """A folder whose disk does not answer until it is let go."""

    is_free = threading.Event()
    num_checks = 0

    def check_writable(self) -> None:
        Hanging.num_checks += 1
        self.is_free.wait(10)


def test_a_watch_tells_the_free_space_or_what_is_wrong(folder: ArtifactFolder) -> None:
    watch = FolderWatch(folder)

    assert watch.free_bytes() > 0
    folder.root.rmdir()
    with pytest.raises(ArtifactsUnavailable, match="is gone"):
        watch.free_bytes()


def test_a_disk_that_hangs_holds_up_no_caller_and_one_thread(tmp_path: Path) -> None:
    watch = FolderWatch(Hanging(root=tmp_path), answer_s=0.05)

    for _ in range(3):
        with pytest.raises(ArtifactsUnavailable, match="does not answer"):
            watch.free_bytes()
    assert Hanging.num_checks == 1
    Hanging.is_free.set()

    assert FolderWatch(ArtifactFolder(root=tmp_path)).free_bytes() > 0
