"""An error says by itself what happened; what a client needs beside it rides as data."""

import inspect

import pytest

from app.domain import errors
from app.domain.errors import ClinicError, InvalidInput, QueueFull

KINDS: list[type[ClinicError]] = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, ClinicError) and kind is not QueueFull
]


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_without_a_detail_says_what_its_class_means(kind: type[ClinicError]) -> None:
    assert kind().detail == (kind.__doc__ or "").strip().splitlines()[0]
    assert str(kind("Something else.")) == "Something else."


def test_codes_are_unique() -> None:
    codes = [QueueFull.code, *(kind.code for kind in KINDS)]

    assert len(set(codes)) == len(codes)


def test_a_full_queue_tells_its_quota() -> None:
    full = QueueFull(max_queued=3)

    assert full.max_queued == 3
    assert "queued" in full.detail


def test_an_invalid_input_need_not_name_a_place() -> None:
    assert InvalidInput().problems == ()
