"""An error says by itself what happened; what a client needs beside it rides as data."""

import inspect

import pytest

from app.domain import errors
from app.domain.errors import (
    ClinicError,
    InvalidData,
    InvalidInput,
    Problem,
    QueueFull,
    QuotaReached,
    TooManyRequests,
)

KINDS: list[type[ClinicError]] = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, ClinicError) and not issubclass(kind, QuotaReached | TooManyRequests)
]


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_without_a_detail_says_what_its_class_means(kind: type[ClinicError]) -> None:
    assert kind().detail == (kind.__doc__ or "").strip().splitlines()[0]
    assert str(kind("Something else.")) == "Something else."


def test_a_problem_of_the_whole_body_names_no_place() -> None:
    somewhere = Problem(pointer="/model", detail="Field required", code="missing")
    everywhere = Problem(pointer="", detail="The body is not JSON.", code="json_invalid")

    assert str(somewhere) == "/model: Field required"
    assert str(everywhere) == "The body is not JSON."


def test_codes_are_unique() -> None:
    codes = [
        QueueFull.code,
        QuotaReached.code,
        TooManyRequests.code,
        *(kind.code for kind in KINDS),
    ]

    assert len(set(codes)) == len(codes)


def test_a_quota_that_is_reached_tells_its_numbers() -> None:
    reached = QuotaReached(quota="rows", most=10, used=8, wanted=5)

    assert reached.num_left == 2
    assert "rows: 8 of 10 are used, and the request needs 5 more" in reached.detail


def test_a_full_queue_is_one_of_them() -> None:
    full = QueueFull(most=3, used=4)

    assert (full.quota, full.num_left) == ("queued-runs", 0)
    assert "queued" in full.detail


def test_an_invalid_input_need_not_name_a_place() -> None:
    assert InvalidInput().problems == ()


def test_an_error_of_one_place_has_one_problem() -> None:
    error = InvalidData.at("row/3", "a cell is missing", code="wrong_cell_count")

    assert error.detail == "a cell is missing"
    assert [(each.pointer, each.code) for each in error.problems] == [("row/3", "wrong_cell_count")]


def test_a_refusal_for_too_many_requests_names_the_limit_and_its_number() -> None:
    refused = TooManyRequests(limit="key", most=20, window_s=10, retry_after_s=0.5)

    assert (refused.limit, refused.most, refused.window_s, refused.retry_after_s) == (
        "key",
        20,
        10,
        0.5,
    )
    assert refused.detail.startswith("Too many requests in too short a time")
    assert refused.detail.endswith("The limit of the key is 20 in 10 s.")
