"""The log of a run over HTTP: pages, live streams that resume and end, lines."""

import json
import math
import threading
import time
from collections.abc import Iterator
from uuid import UUID

import httpx
import pytest

from app.domain.runs import Run, StopReason
from tests.api.conftest import Clinic, post_run
from tests.api.measured import batch_of, finish, path_of, record, started_run

STREAM = {"Accept": "text/event-stream"}
LINES = {"Accept": "application/jsonl"}
Event = dict[str, str]


def events_in(lines: Iterator[str]) -> Iterator[Event]:
    """Server-sent events, comments and retry times aside."""
    event: Event = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if line and name:
            event[name] = value
        elif "event" in event:
            yield event
            event = {}
        else:
            event = {}


def stream(client: httpx.Client, run_id: UUID, **headers: str) -> list[Event]:
    with client.stream("GET", path_of(run_id, "events"), headers={**STREAM, **headers}) as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        return list(events_in(answer.iter_lines()))


@pytest.fixture
def ended_run(clinic: Clinic) -> Run:
    run = started_run(clinic)
    for seq in range(3):
        record(clinic, run, seq=seq, batch=batch_of([1.0, 1.0], first_step=2 * seq))
    finish(clinic, run)
    return run


def test_pages_have_every_event_once_in_order(client: httpx.Client, ended_run: Run) -> None:
    found = []
    url: str | None = f"{path_of(ended_run.id, 'events')}?limit=2"
    while url is not None:
        page = client.get(url).json()
        found += page["items"]
        url = page["next"]

    assert [event["number"] for event in found] == list(range(1, len(found) + 1))
    assert [event["kind"] for event in found][-1] == "end"
    assert found[-1]["data"]["stop_reason"] == "completed"
    assert {"number", "kind", "created_at", "data", "non_finite"} == set(found[0])


def test_a_stream_of_an_ended_run_tells_all_and_ends(client: httpx.Client, ended_run: Run) -> None:
    pages = client.get(path_of(ended_run.id, "events")).json()["items"]

    events = stream(client, ended_run.id)

    assert [int(event["id"]) for event in events] == [one["number"] for one in pages]
    assert [json.loads(event["data"]) for event in events] == pages
    assert [event["event"] for event in events].count("end") == 1
    assert events[-1]["event"] == "end"


def test_a_stream_resumes_past_the_last_event_seen(client: httpx.Client, ended_run: Run) -> None:
    everything = stream(client, ended_run.id)

    resumed = stream(client, ended_run.id, **{"Last-Event-ID": everything[1]["id"]})

    assert resumed == everything[2:]
    with client.stream(
        "GET", f"{path_of(ended_run.id, 'events')}?after=2", headers=STREAM
    ) as answer:
        assert list(events_in(answer.iter_lines())) == everything[2:]


def test_a_stream_that_resumes_past_the_end_still_ends(
    client: httpx.Client, ended_run: Run
) -> None:
    last = stream(client, ended_run.id)[-1]

    again = stream(client, ended_run.id, **{"Last-Event-ID": last["id"]})

    assert again == [last]


@pytest.mark.alone
def test_the_end_before_a_resumption_ends_no_stream(
    client: httpx.Client, ended_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = client.get(path_of(ended_run.id, "events")).json()["items"]
    # the first end is the last event that the stream reads at once
    monkeypatch.setattr("app.api.telemetry.events.STREAM_PAGE", len(page))
    client.post(path_of(ended_run.id, "resume"), json={"num_steps": 100_000})
    client.post(path_of(ended_run.id, "cancel"))

    told = stream(client, ended_run.id)

    assert page[-1]["kind"] == "end"
    assert [int(event["id"]) for event in told] == list(range(1, len(page) + 4))
    assert [event["event"] for event in told].count("end") == 2
    assert told[-1]["event"] == "end"


def test_a_live_stream_brings_each_event_as_it_happens(
    clinic: Clinic, client: httpx.Client
) -> None:
    run = started_run(clinic)
    with client.stream("GET", path_of(run.id, "events"), headers=STREAM) as answer:
        events = events_in(answer.iter_lines())
        while next(events)["event"] != "status":
            pass
        record(clinic, run, seq=0, batch=batch_of([0.5]))
        recorded_at = time.monotonic()
        progress = next(event for event in events if event["event"] == "progress")
        waited_s = time.monotonic() - recorded_at
        threading.Timer(0.1, finish, (clinic, run)).start()
        kinds = [event["event"] for event in events]

    assert json.loads(progress["data"])["data"]["loss"] == 0.5
    assert waited_s < 2
    assert kinds[-1] == "end"


def test_a_loss_that_is_nan_is_null_in_its_event_and_named_beside_it(
    clinic: Clinic, client: httpx.Client
) -> None:
    run = started_run(clinic)
    record(clinic, run, seq=0, batch=batch_of([math.nan]))
    finish(clinic, run, StopReason.DIVERGED)

    for event in stream(client, run.id):
        json.loads(event["data"], parse_constant=pytest.fail)
    events = client.get(path_of(run.id, "events")).json()["items"]
    (progress,) = (event for event in events if event["kind"] == "progress")
    assert progress["data"]["loss"] is None
    assert progress["non_finite"] == [{"pointer": "/loss", "value": "nan"}]


def test_lines_carry_the_same_objects(client: httpx.Client, ended_run: Run) -> None:
    answer = client.get(path_of(ended_run.id, "events"), headers=LINES)

    pages = client.get(path_of(ended_run.id, "events")).json()["items"]
    assert [json.loads(line) for line in answer.text.splitlines()] == pages


def test_a_stream_that_does_not_follow_stops_at_the_present_end(
    clinic: Clinic, client: httpx.Client
) -> None:
    run = started_run(clinic)

    answer = client.get(f"{path_of(run.id, 'events')}?follow=false", headers=LINES)

    assert [json.loads(line)["kind"] for line in answer.text.splitlines()] == ["status", "status"]


def test_deleting_a_run_ends_its_streams(client: httpx.Client) -> None:
    run = post_run(client)

    with client.stream("GET", path_of(run["id"], "events"), headers=STREAM) as answer:
        events = events_in(answer.iter_lines())
        next(events)
        client.delete(f"/v1/runs/{run['id']}")
        left = list(events)

    assert [event["event"] for event in left] == ["end"]


def test_revoking_a_key_cuts_the_streams_it_opened(clinic: Clinic, client: httpx.Client) -> None:
    made = client.post("/v1/api-keys", json={"scopes": ["runs:read"]}).json()
    run = started_run(clinic)

    with (
        clinic.client(made["key"]) as follower,
        follower.stream("GET", path_of(run.id, "events"), headers=STREAM) as answer,
    ):
        events = events_in(answer.iter_lines())
        next(events)
        client.delete(f"/v1/api-keys/{made['id']}")
        record(clinic, run, seq=0, batch=batch_of([0.5]))
        left = [event["event"] for event in events]

    assert "progress" not in left
    assert "end" not in left


def test_many_followers_of_one_run_all_hear_of_its_end(
    clinic: Clinic, client: httpx.Client
) -> None:
    run = started_run(clinic)
    heard: list[str] = []

    def follow() -> None:
        with clinic.client() as follower:
            heard.append(stream(follower, run.id)[-1]["event"])

    followers = [threading.Thread(target=follow) for _ in range(30)]
    for thread in followers:
        thread.start()
    finish(clinic, run)
    for thread in followers:
        thread.join(20)

    assert heard == ["end"] * 30


@pytest.mark.parametrize("number", ["-1", "x", str(2**63)])
def test_a_wrong_number_is_told_its_place(client: httpx.Client, number: str) -> None:
    run = post_run(client)

    by_query = client.get(f"{path_of(run['id'], 'events')}?after={number}")
    by_header = client.get(path_of(run["id"], "events"), headers={"Last-Event-ID": number})

    assert (by_query.status_code, by_header.status_code) == (422, 422)
    assert by_query.json()["errors"][0]["pointer"] == "query/after"
    assert "last-event-id" in by_header.json()["errors"][0]["pointer"].lower()
