from pathlib import Path
from uuid import UUID

import pytest

from app.artifacts import ArtifactFolder, digest_of
from app.domain.errors import FileDamaged, NotFound

RUN, FORK = UUID(int=1), UUID(int=2)


@pytest.fixture
def folder(tmp_path: Path) -> ArtifactFolder:
    return ArtifactFolder(root=tmp_path / "artifacts")


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
