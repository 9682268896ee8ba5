import threading
from collections.abc import Callable

import numpy as np
import pytest

from app.domain.errors import Fenced, Unavailable
from app.domain.telemetry import ReadingBatch, TelemetryChunk
from worker.telemetry.sending import OutageRetry, PendingCheckpoint, RecordBatch, Sender


def batch_of(*steps: int) -> ReadingBatch:
    loss_n = np.zeros(len(steps), np.float32)
    chunk = TelemetryChunk(steps_n=np.array(steps, np.int32), scalars={"loss": loss_n}, tensors={})
    return ReadingBatch(chunk=chunk, progress_step=steps[-1] + 1)


class Store:
    """Records what it receives; `before` is called first and may raise."""

    def __init__(self, before: Callable[[int], None] = lambda _: None) -> None:
        self.before = before
        self.taken: list[tuple[int, ReadingBatch]] = []
        #: Step of each checkpoint, and the number of batches before it.
        self.saved: list[tuple[int, int]] = []

    def record(self, *, seq: int, batch: ReadingBatch) -> None:
        self.before(seq)
        self.taken.append((seq, batch))

    def save(self, pending: PendingCheckpoint) -> None:
        self.before(-1)
        self.saved.append((pending.step, len(self.taken)))

    def steps(self) -> list[int]:
        return [step for _, batch in self.taken for step in steps_of(batch)]


def steps_of(batch: ReadingBatch) -> list[int]:
    assert batch.chunk is not None
    return [int(step) for step in batch.chunk.steps_n]


def make_sender(
    store: Store,
    *,
    record: RecordBatch | None = None,
    on_fenced: Callable[[], None] = lambda: None,
    on_wait: Callable[[], None] = lambda: None,
    max_pending_bytes: int = 2**20,
) -> Sender:
    sender = Sender(
        record or store.record,
        save=store.save,
        retry=OutageRetry(first_pause_s=0.001, longest_pause_s=0.002),
        on_wait=on_wait,
        on_fenced=on_fenced,
        max_pending_bytes=max_pending_bytes,
    )
    sender.start()
    return sender


def test_batches_arrive_in_order_and_are_numbered() -> None:
    store = Store()
    sender = make_sender(store)

    for step in range(20):
        sender.send(batch_of(step))
    sender.drain()

    assert [seq for seq, _ in store.taken] == list(range(len(store.taken)))
    assert store.steps() == list(range(20))
    assert store.taken[-1][1].progress_step == 20


def test_batches_that_wait_are_stored_as_one_and_a_checkpoint_parts_them() -> None:
    is_open, is_storing = threading.Event(), threading.Event()

    def wait(_: int) -> None:
        is_storing.set()
        is_open.wait(10)

    store = Store(wait)
    sender = make_sender(store)
    sender.send(batch_of(0))
    assert is_storing.wait(10)

    for step in (1, 2, 3):
        sender.send(batch_of(step))
    sender.send(PendingCheckpoint(step=4, content=b"weights"))
    sender.send(batch_of(4))
    is_open.set()
    sender.drain()

    assert [(seq, steps_of(batch)) for seq, batch in store.taken] == [
        (0, [0]),
        (1, [1, 2, 3]),
        (2, [4]),
    ]
    assert store.saved == [(4, 2)]


def test_a_repeated_write_has_the_same_batches() -> None:
    tried: list[list[int]] = []
    has_failed, goes_on = threading.Event(), threading.Event()

    def record(*, seq: int, batch: ReadingBatch) -> None:
        tried.append(steps_of(batch))
        if len(tried) == 1:
            has_failed.set()
            goes_on.wait(10)
            raise Unavailable

    store = Store()
    sender = make_sender(store, record=record)
    sender.send(batch_of(0))
    assert has_failed.wait(10)
    sender.send(batch_of(1))
    goes_on.set()
    sender.drain()

    assert tried == [[0], [0], [1]]


def test_an_outage_loses_nothing_and_keeps_the_number() -> None:
    failures = iter([True] * 5)

    def fail_at_first(seq: int) -> None:
        if next(failures, False):
            raise Unavailable

    store = Store(fail_at_first)
    sender = make_sender(store)

    sender.send(batch_of(0))
    sender.send(batch_of(1))
    sender.drain()

    assert [seq for seq, _ in store.taken] == list(range(len(store.taken)))
    assert store.steps() == [0, 1]


def test_a_full_queue_makes_training_wait_and_reports_it() -> None:
    is_open, has_waited = threading.Event(), threading.Event()

    def wait(_: int) -> None:
        is_open.wait(10)

    store = Store(wait)
    sender = make_sender(store, on_wait=has_waited.set, max_pending_bytes=1)
    sender.send(batch_of(0))

    second = threading.Thread(target=lambda: sender.send(batch_of(1)))
    second.start()
    assert has_waited.wait(10)
    assert second.is_alive()
    is_open.set()
    second.join(10)
    sender.send(batch_of(2))
    sender.drain()

    taken = [batch for _, batch in store.taken]
    assert [batch.progress_step for batch in taken] == [1, 2, 3]
    # only the batch that had to wait reports it
    assert [batch.waited_s > 0 for batch in taken[:2]] == [False, True]


def test_a_fenced_batch_is_reported_at_once_and_stops_the_sender() -> None:
    is_fenced = threading.Event()

    def refuse(_: int) -> None:
        raise Fenced

    store = Store(refuse)
    sender = make_sender(store, on_fenced=is_fenced.set)

    sender.send(batch_of(0))

    assert is_fenced.wait(10)
    with pytest.raises(Fenced):
        sender.drain()
    assert store.taken == []


def test_any_other_failure_is_raised_in_the_training_thread() -> None:
    def break_down(_: int) -> None:
        raise ValueError("broken")

    sender = make_sender(Store(break_down))

    sender.send(batch_of(0))

    with pytest.raises(ValueError, match="broken"):
        sender.drain()


def test_a_checkpoint_is_saved_between_the_readings_before_and_after_it() -> None:
    failures = iter([True] * 3)

    def fail_at_first(seq: int) -> None:
        if seq == -1 and next(failures, False):
            raise Unavailable

    store = Store(fail_at_first)
    sender = make_sender(store)

    sender.send(batch_of(0))
    sender.send(PendingCheckpoint(step=1, content=b"weights"))
    sender.send(batch_of(1))
    sender.drain()

    assert store.saved == [(1, 1)]
    assert [seq for seq, _ in store.taken] == [0, 1]
    assert not sender.is_saving


def test_a_resumed_run_continues_to_number_its_batches() -> None:
    store = Store()
    sender = Sender(
        store.record,
        save=store.save,
        retry=OutageRetry(),
        on_wait=lambda: None,
        on_fenced=lambda: None,
        max_pending_bytes=2**20,
    )
    sender.start(first_seq=7)

    sender.send(batch_of(0))
    sender.drain()
    sender.send(batch_of(1))
    sender.drain()

    assert [seq for seq, _ in store.taken] == [7, 8]
