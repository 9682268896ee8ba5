"""During an outage of a real database training waits, and no reading is lost."""

import threading
from uuid import UUID

from sqlalchemy import Engine, func, select

from app.domain.events import EventKind
from app.domain.telemetry import ReadingBatch
from app.services.telemetry.record_batch import record_batch
from app.store.database import unit_of_work
from app.store.events import events_after
from app.store.runs import find_run
from app.store.tables import telemetry_chunks
from tests.faults.test_outages import closed
from tests.store.builders import a_chunk, claimed_run
from tests.store.conftest import committed_workspace_id, engine
from worker.telemetry.sending import OutageRetry, PendingCheckpoint, Sender

__all__ = ["committed_workspace_id", "engine"]

NUM_BATCHES = 40


def batch_of(index: int) -> ReadingBatch:
    chunk = a_chunk(first_step=4 * index)
    return ReadingBatch(chunk=chunk, progress_step=4 * (index + 1))


def no_checkpoint(pending: PendingCheckpoint) -> None:
    raise AssertionError(pending)


def test_training_waits_for_the_database_and_reports_how_long(
    engine: Engine, committed_workspace_id: UUID
) -> None:
    with unit_of_work(engine) as work:
        run = claimed_run(work.session, committed_workspace_id)
    waits, all_is_sent = threading.Event(), threading.Event()

    def record(*, seq: int, batch: ReadingBatch) -> None:
        with unit_of_work(engine) as work:
            record_batch(work, run_id=run.id, attempt=1, seq=seq, batch=batch)

    sender = Sender(
        record,
        save=no_checkpoint,
        retry=OutageRetry(longest_pause_s=0.2),
        on_wait=waits.set,
        on_fenced=lambda: None,
        max_pending_bytes=4 * batch_of(0).num_bytes,
    )
    sender.start()

    def train() -> None:
        for index in range(NUM_BATCHES):
            sender.send(batch_of(index))
        sender.drain()
        all_is_sent.set()

    with closed(engine.url.render_as_string(hide_password=False)):
        threading.Thread(target=train).start()
        assert waits.wait(10)
        assert not all_is_sent.wait(1.0)
    assert all_is_sent.wait(20)

    with unit_of_work(engine) as work:
        statement = select(func.unnest(telemetry_chunks.c.steps)).where(
            telemetry_chunks.c.run_id == run.id
        )
        steps = sorted(work.session.execute(statement).scalars())
        log = events_after(work.session, run.id, 0, 1000)
        found = find_run(work.session, committed_workspace_id, run.id)
    assert steps == list(range(4 * NUM_BATCHES))
    assert found.progress_step == 4 * NUM_BATCHES
    first, *_ = [event.data for event in log if event.kind is EventKind.WAITED]
    assert first["waiting_for"] == "database"
    assert float(str(first["waited_s"])) > 1
