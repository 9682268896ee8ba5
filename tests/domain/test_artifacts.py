"""Files that a run leaves: their media types, and which attempt wrote which."""

import pytest

from app.domain.artifacts import (
    MEDIA_TYPE_OF,
    ArtifactKind,
    attempt_of,
    reserved_name,
    stored_name,
    writer_of,
)


def test_every_kind_of_file_has_a_media_type() -> None:
    assert dict(MEDIA_TYPE_OF) == {
        "checkpoint": "application/octet-stream",
        "model": "application/octet-stream",
        "best": "application/octet-stream",
        "description": "application/json",
        "program": "text/x-python; charset=utf-8",
        "golden": "application/json",
        "environment": "application/json",
        "log": "text/plain; charset=utf-8",
    }
    assert set(MEDIA_TYPE_OF) == set(ArtifactKind)


def test_two_attempts_store_a_file_under_two_names() -> None:
    assert stored_name("model.safetensors", 1) == "published-0001-model.safetensors"
    assert stored_name("model.safetensors", 12) == "published-0012-model.safetensors"


@pytest.mark.parametrize("attempt", [0, 7, 9999, 12345])
def test_a_stored_name_tells_the_attempt_that_wrote_it(attempt: int) -> None:
    assert attempt_of(stored_name("run.log", attempt)) == attempt


@pytest.mark.parametrize(
    "name", ["model.safetensors", "published-", "published-x-model", "my-published-0001-model"]
)
def test_another_file_s_name_tells_no_attempt(name: str) -> None:
    assert attempt_of(name) is None


@pytest.mark.parametrize("attempt", [0, 7, 12345])
def test_reserved_space_and_checkpoints_tell_their_writer_too(attempt: int) -> None:
    assert writer_of(f"{reserved_name(attempt)}.part") == attempt
    assert writer_of(stored_name("run.log", attempt)) == attempt
    assert writer_of(f"checkpoint-00000400-{attempt:04d}.safetensors") == attempt


@pytest.mark.parametrize(
    "name", ["model.safetensors", "reserved-", "checkpoint-x-1", "my-reserved-1"]
)
def test_another_file_has_no_known_writer(name: str) -> None:
    assert writer_of(name) is None
