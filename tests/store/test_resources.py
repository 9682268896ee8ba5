"""Data sets keep their bytes, workers are there or not, and the months have their partitions."""

import hashlib
from uuid import UUID, uuid4

import pytest
from pydantic import TypeAdapter
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from app.domain.errors import InUse, NotFound
from app.domain.specs.job import JobSpec
from app.store.datasets import (
    PART_BYTES,
    Dataset,
    delete_dataset,
    find_dataset,
    insert_dataset,
    page_of_datasets,
    read_content,
    stream_content,
)
from app.store.ids import new_id
from app.store.partitions import ensure_partitions
from app.store.runs import find_run, request_cancel
from app.store.tables import PARTITIONED, dataset_parts, workers
from app.store.times import seconds_from_now
from app.store.workers import (
    forget_old_workers,
    largest_memory,
    list_workers,
    median_slowness,
    record_heartbeat,
    register,
    retire,
    waiting_for,
)
from tests.domain.builders import job
from tests.store.builders import a_worker, claimed_run, content_of, queued_run


def a_dataset(session: Session, workspace_id: UUID, *, content: bytes = b"a text") -> Dataset:
    return insert_dataset(
        session,
        workspace_id=workspace_id,
        name="shakes",
        kind="text",
        content=content_of(content),
        profile={"symbols": "abc", "mean": float("nan")},
    )


@pytest.mark.parametrize("size", [0, 1, PART_BYTES, 2 * PART_BYTES + 7])
def test_an_upload_keeps_its_bytes(session: Session, workspace_id: UUID, size: int) -> None:
    content = (b"\x00\xff\r\n" * (size // 4 + 1))[:size]

    made = a_dataset(session, workspace_id, content=content)
    found = find_dataset(session, workspace_id, made.id)

    assert read_content(session, workspace_id, made.id) == content
    assert all(len(part) <= PART_BYTES for part in stream_content(session, workspace_id, made.id))
    assert (found.num_bytes, found.sha256) == (size, hashlib.sha256(content).digest())
    assert repr(found.profile["mean"]) == "nan"


def test_another_workspace_s_upload_is_not_there(session: Session, workspace_id: UUID) -> None:
    made = a_dataset(session, workspace_id)

    for act in (find_dataset, read_content, delete_dataset):
        with pytest.raises(NotFound):
            act(session, uuid4(), made.id)


def test_uploads_are_paged_newest_first(session: Session, workspace_id: UUID) -> None:
    made = [a_dataset(session, workspace_id) for _ in range(3)]

    first = page_of_datasets(session, workspace_id, limit=2, after=None)
    last = (first[-1].created_at, first[-1].id)
    second = page_of_datasets(session, workspace_id, limit=2, after=last)

    assert [found.id for found in first + second] == [found.id for found in made[::-1]]


def test_an_upload_that_runs_need_stays(session: Session, workspace_id: UUID) -> None:
    made = a_dataset(session, workspace_id)
    spec = TypeAdapter(JobSpec).validate_python(
        {"model": {"kind": "gru"}, "dataset": {"kind": "text", "dataset_id": str(made.id)}}
    )
    run = queued_run(session, workspace_id, spec=spec)

    with pytest.raises(InUse):
        delete_dataset(session, workspace_id, made.id)
    request_cancel(session, workspace_id, run.id)
    delete_dataset(session, workspace_id, made.id)

    assert session.execute(select(func.count()).select_from(dataset_parts)).scalar_one() == 0
    assert find_run(session, workspace_id, run.id).spec == spec


def test_workers_are_listed_with_what_they_run(session: Session, workspace_id: UUID) -> None:
    run = claimed_run(session, workspace_id)
    a_worker(session, devices=("cpu", "cuda:0"), slots=4)

    first, second = list_workers(session)

    assert (first.id, first.run_ids, first.slots) == (run.worker_id, (run.id,), 2)
    assert (second.devices, second.run_ids) == (("cpu", "cuda:0"), ())


def test_silent_and_retired_workers_are_not_counted_on(session: Session) -> None:
    silent, retired, alive = a_worker(session), a_worker(session), a_worker(session)
    ago = update(workers).where(workers.c.id == silent).values(seen_at=seconds_from_now(-31))
    session.execute(ago)
    retire(session, retired)

    assert [worker.id for worker in list_workers(session)] == [alive]
    assert not record_heartbeat(session, retired)
    assert record_heartbeat(session, silent)
    assert [worker.id for worker in list_workers(session)] == [silent, alive]


def test_a_worker_may_register_again(session: Session) -> None:
    worker_id = a_worker(session)
    retire(session, worker_id)

    register(
        session,
        worker_id=worker_id,
        host="there",
        pid=2,
        devices=("cpu",),
        slots=1,
        threads_per_run=1,
        release="2",
    )

    (found,) = list_workers(session)
    assert (found.id, found.host, found.slots, found.release) == (worker_id, "there", 1, "2")


def test_workers_that_vanished_are_forgotten_after_a_day(session: Session) -> None:
    kept, gone = a_worker(session), a_worker(session)
    ago = update(workers).where(workers.c.id == gone).values(seen_at=seconds_from_now(-90_000))
    session.execute(ago)

    forget_old_workers(session)

    assert session.execute(select(workers.c.id)).scalars().all() == [kept]


def test_a_queued_run_says_what_it_waits_for(session: Session, workspace_id: UUID) -> None:
    plain = queued_run(session, workspace_id)
    picky = queued_run(session, workspace_id, spec=job(training={"device": "cuda:3"}))

    assert waiting_for(session, plain) == "a worker"
    a_worker(session)
    assert waiting_for(session, plain) == "a free worker"
    assert waiting_for(session, picky) == "a worker with cuda:3"
    assert waiting_for(session, claimed_run(session, workspace_id)) is None


def test_a_run_that_no_worker_can_hold_waits_for_a_larger_one(
    session: Session, workspace_id: UUID
) -> None:
    large = queued_run(session, workspace_id, expected_memory_bytes=238 * 10**9)
    a_worker(session, memory_bytes=[8 * 10**9])
    a_worker(session, memory_bytes=[25 * 10**9])

    told = waiting_for(session, large)
    most_bytes = largest_memory(session, "auto")
    a_worker(session, memory_bytes=[238 * 10**9])

    assert told == "a worker with 238 GB of memory; the largest has 25 GB"
    assert most_bytes == 25 * 10**9
    assert waiting_for(session, large) == "a free worker"


def test_a_worker_that_does_not_tell_its_memory_may_be_large(
    session: Session, workspace_id: UUID
) -> None:
    large = queued_run(session, workspace_id, expected_memory_bytes=238 * 10**9)
    a_worker(session, memory_bytes=[25 * 10**9])
    a_worker(session)

    assert largest_memory(session, "auto") is None
    assert waiting_for(session, large) == "a free worker"


def test_missing_partitions_are_made_again(session: Session) -> None:
    assert ensure_partitions(session) == ()
    name = session.execute(
        text("SELECT max(relname) FROM pg_class WHERE relname LIKE 'telemetry_chunks_2___\\___'")
    ).scalar_one()
    session.execute(text(f"DROP TABLE {name}"))

    made = ensure_partitions(session)

    assert name in made
    assert len(made) == len(PARTITIONED)
    assert ensure_partitions(session) == ()


def test_the_speed_of_the_fleet_is_the_median_of_the_workers_that_measured_it(
    session: Session,
) -> None:
    assert median_slowness(session) is None

    for slowness in (None, 2.0, 9.0, 3.0):
        register(
            session,
            worker_id=new_id(),
            host="here",
            pid=1,
            devices=["cpu"],
            slots=1,
            threads_per_run=1,
            release="1",
            slowness=slowness,
        )

    assert median_slowness(session) == 3.0
