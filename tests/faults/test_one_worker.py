"""Runs start without a notification too, end as told, and survive the death of their processes."""

import os
import signal
from uuid import UUID

import redis
from kombu.connection import Connection

from app.domain.runs import RunStatus, StopReason
from app.store.database import unit_of_work
from app.store.datasets import insert_dataset
from tests.faults.worker_group import WorkerGroup
from tests.processes import wait_until_dead
from tests.store.builders import content_of
from tests.worker.supervision.runs import ENDLESS, make_spec
from tests.workers import wait_until
from worker.broker import QUEUE


def test_a_run_trains_to_its_end_and_is_diagnosed(group: WorkerGroup) -> None:
    group.of(1)
    run_id = group.submit(make_spec())

    run = group.runs.wait_for_end(run_id)

    assert (run.status, run.stop_reason) == (RunStatus.SUCCEEDED, StopReason.COMPLETED), run.error
    assert group.runs.steps(run_id) == list(range(20))
    assert run.is_diagnosis_final


def test_a_run_starts_without_a_notification(group: WorkerGroup) -> None:
    group.of(1)
    run_id = group.submit_silently(make_spec())

    assert group.runs.wait_for_end(run_id, within_s=15).stop_reason is StopReason.COMPLETED


def test_a_cancelled_run_ends_soon_and_keeps_what_it_measured(group: WorkerGroup) -> None:
    [worker] = group.of(1)
    run_id = group.submit(make_spec(training=ENDLESS))
    group.runs.wait_for_step(run_id)
    [training] = worker.training()

    group.cancel(run_id)

    run = group.runs.wait_for_end(run_id, within_s=5)
    assert run.stop_reason is StopReason.CANCELLED
    assert len(group.runs.steps(run_id)) == run.progress_step > 0
    wait_until_dead(training, within_s=5)


def test_data_that_cannot_serve_the_spec_ends_the_run_with_a_sentence(group: WorkerGroup) -> None:
    group.of(1)
    dataset_id = upload(group, b"value\n" + b"1\n" * 50)
    forecast = {"kind": "forecast", "dataset_id": str(dataset_id), "target": "value", "window": 40}
    run_id = group.submit(make_spec(dataset=forecast))

    run = group.runs.wait_for_end(run_id)

    assert run.stop_reason is StopReason.INVALID_DATA
    assert run.error
    assert run.verdict == "undetermined"
    assert run.finding_codes == ()


def test_a_killed_training_process_is_replaced_under_a_new_attempt(group: WorkerGroup) -> None:
    [worker] = group.of(1)
    run_id = group.submit(make_spec(training=ENDLESS))
    group.runs.wait_for_step(run_id)
    [training] = worker.training()

    os.kill(training, signal.SIGKILL)

    run = group.runs.wait_for_step(run_id, attempt=2)
    assert (run.attempt, run.crash_count) == (2, 1)
    assert training not in worker.tree()
    assert group.runs.attempts_with_readings(run_id) == {2}
    steps = group.runs.steps(run_id)
    assert steps == list(range(len(steps)))


def test_a_run_whose_process_dies_again_and_again_is_failed(group: WorkerGroup) -> None:
    [worker] = group.of(1)
    run_id = group.submit(make_spec(training=ENDLESS))
    for attempt in (1, 2, 3):
        group.runs.wait_for_step(run_id, attempt=attempt)
        [training] = worker.training()
        os.kill(training, signal.SIGSEGV)
        wait_until_dead(training, within_s=10)

    run = group.runs.wait_for_end(run_id)

    assert (run.stop_reason, run.crash_count, run.attempt) == (StopReason.CRASHED, 3, 3)
    assert "SIGSEGV" in str(run.error)


def test_hostile_messages_harm_no_worker(group: WorkerGroup) -> None:
    [worker] = group.of(1)
    as_json, as_pickle = "application/json", "application/x-python-serialize"
    junk = (
        ("runs.execute", '[["no such run"], {}, {}]', as_json),
        ("runs.execute", '[[{"a": [1]}, null], {"b": 2}, null]', as_json),
        ("runs.execute", "{not json", as_json),
        ("runs.execute", "cos\nsystem\n(S'true'\ntR.", as_pickle),
        ("os.system", '[["true"], {}, {}]', as_json),
    )
    with Connection(group.broker_url) as connection, connection.channel() as channel:
        for name, body, content_type in junk:
            message = channel.prepare_message(
                body,
                content_type=content_type,
                content_encoding="utf-8",
                headers={"task": name, "id": name, "lang": "py"},
                properties={"delivery_tag": name, "reply_to": "", "correlation_id": name},
            )
            channel.basic_publish(message, exchange="celery", routing_key="celery")

    run_id = group.submit(make_spec())

    assert group.runs.wait_for_end(run_id).stop_reason is StopReason.COMPLETED
    assert worker.is_alive


#: What is no message, then messages that are valid but for one part, each of which once ended a
#: worker or kept its thread for ever.
MALFORMED = (
    b"\x00 junk",
    b"",
    b"{",
    b"[" * 100_000,
    b"[]",
    b"{}",
    b"null",
    b"1e999",
    b'{"properties": {"delivery_tag": "1"}}',
    b'{"headers": {"task": []}}',
    b'{"headers": {"task": "runs.execute", "id": [1]}}',
    b'{"headers": {"task": "runs.execute", "id": "1", "eta": "2999-01-01T00:00:00"}}',
    b'{"headers": {"task": "runs.execute", "id": "1", "expires": "never", "origin": []}}',
)


def test_a_malformed_message_ends_no_worker(group: WorkerGroup) -> None:
    [worker] = group.of(1)

    with redis.Redis.from_url(group.broker_url) as client:
        for content in MALFORMED:
            client.lpush(QUEUE, content)
        for content in MALFORMED:
            client.publish("/0.celery.pidbox", content)
        wait_until(lambda: client.llen(QUEUE) == 0, within_s=10, log=worker.log)

    run_id = group.submit(make_spec())
    assert group.runs.wait_for_end(run_id).stop_reason is StopReason.COMPLETED
    assert worker.is_alive
    assert worker.said.count("Malformed messages ignored so far: 1.") == 1


def test_notifications_that_are_left_over_from_a_long_run_are_answered_soon(
    group: WorkerGroup,
) -> None:
    [worker] = group.of(1)
    busy = group.submit(make_spec(training=ENDLESS))
    group.runs.wait_for_step(busy)
    for _ in range(60):
        group.queue.notify(busy)

    group.cancel(busy)

    with redis.Redis.from_url(group.broker_url) as client:
        waiting = client.llen(QUEUE)
        wait_until(lambda: client.llen(QUEUE) == 0, within_s=15, log=worker.log)
    assert waiting > 50
    assert worker.is_alive


def upload(group: WorkerGroup, content: bytes) -> UUID:
    with unit_of_work(group.runs.engine) as work:
        return insert_dataset(
            work.session,
            workspace_id=group.runs.workspace_id,
            name="upload",
            kind="csv",
            content=content_of(content),
            profile={},
        ).id
