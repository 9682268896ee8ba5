"""Windows depend on the readings alone: not on batches, rewinds or the release that stored them."""

from collections.abc import Sequence
from itertools import pairwise
from uuid import UUID

import numpy as np
import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from app.domain.quantities import PER_TENSOR, SCALARS
from app.domain.runs import Run, StopReason
from app.domain.telemetry import ReadingBatch, TelemetryChunk
from app.domain.windows.packing import pack
from app.domain.windows.window import summarise
from app.store.checkpoints import latest_checkpoint, record_checkpoint
from app.store.claims import finish
from app.store.missing_windows import read_missing_part, store_missing_part
from app.store.rewind import rewind
from app.store.tables import runs, telemetry_windows
from app.store.telemetry import append_batch
from tests.store.builders import TENSORS, claimed_run

Key = tuple[int, int, str, int]


def values_of(steps_n: np.ndarray, *, salt: int = 0) -> np.ndarray:
    """(n,) readings that depend on their steps alone; some are not finite."""
    values_n = np.exp(np.sin(steps_n * 0.37 + salt)).astype(np.float32)
    values_n[steps_n % 701 == 5] = np.nan
    values_n[steps_n % 977 == 3] = np.inf
    return values_n


def chunk_of(first: int, end: int) -> TelemetryChunk:
    steps_n = np.arange(first, end, dtype=np.int32)
    return TelemetryChunk(
        steps_n=steps_n,
        scalars={name: values_of(steps_n, salt=salt) for salt, name in enumerate(SCALARS)},
        tensors={
            name: np.stack([values_of(steps_n, salt=salt + i) for i in range(len(TENSORS))], axis=1)
            for salt, name in enumerate(PER_TENSOR, start=20)
        },
    )


def store(session: Session, run: Run, ends: Sequence[int], *, seq: int = 0) -> None:
    """Stores batches with the steps between these numbers."""
    for number, (first, end) in enumerate(pairwise(ends), start=seq):
        batch = ReadingBatch(chunk=chunk_of(first, end), progress_step=end)
        append_batch(session, run_id=run.id, attempt=run.attempt, seq=number, batch=batch)


def windows_of(session: Session, run_id: UUID) -> dict[Key, tuple[bytes, bytes]]:
    query = select(telemetry_windows).where(telemetry_windows.c.run_id == run_id)
    return {
        (row.level, row.number, row.quantity, row.tensor): (row.packed, row.outlines)
        for row in session.execute(query)
    }


def windowed(session: Session, run_id: UUID) -> int:
    return int(
        session.execute(select(runs.c.windowed_steps).where(runs.c.id == run_id)).scalar_one()
    )


def test_a_window_is_the_summary_of_its_readings(session: Session, workspace_id: UUID) -> None:
    run = claimed_run(session, workspace_id)

    store(session, run, [0, 700, 1100, 2047])

    found = windows_of(session, run.id)
    steps_n = np.arange(1024, dtype=np.int32)
    assert set(found) == {
        *((0, 0, name, -1) for name in SCALARS),
        *((0, 0, f"tensor_{name}", i) for name in PER_TENSOR for i in range(len(TENSORS))),
    }
    assert found[0, 0, "loss", -1] == (pack(summarise(steps_n, values_of(steps_n))), b"")
    second = values_of(steps_n, salt=21)
    assert found[0, 0, "tensor_grad_norm", 1][0] == pack(summarise(steps_n, second))
    assert windowed(session, run.id) == 1024


def test_windows_count_as_telemetry_of_their_run(session: Session, workspace_id: UUID) -> None:
    run = claimed_run(session, workspace_id)
    batches = [
        ReadingBatch(chunk=chunk_of(first, end), progress_step=end)
        for first, end in ((0, 20_000), (20_000, 40_000))
    ]

    for seq, batch in enumerate(batches):
        append_batch(session, run_id=run.id, attempt=run.attempt, seq=seq, batch=batch)

    counted = select(runs.c.telemetry_bytes).where(runs.c.id == run.id)
    of_windows = sum(
        len(packed) + len(outlines) for packed, outlines in windows_of(session, run.id).values()
    )
    of_batches = sum(batch.num_bytes for batch in batches)
    assert session.execute(counted).scalar_one() == of_batches + of_windows


def test_any_batches_give_the_same_windows(session: Session, workspace_id: UUID) -> None:
    one, other = claimed_run(session, workspace_id), claimed_run(session, workspace_id)
    cuts = np.random.default_rng(0).choice(5000, size=30, replace=False)

    store(session, one, [0, 5000])
    store(session, other, sorted({0, *cuts.tolist(), 5000}))

    assert windows_of(session, one.id) == windows_of(session, other.id)
    assert windowed(session, one.id) == 4096


def test_windows_of_the_next_level_hold_their_readings(
    session: Session, workspace_id: UUID
) -> None:
    run = claimed_run(session, workspace_id)

    store(session, run, [0, 20_000, 40_000])

    found = windows_of(session, run.id)
    steps_n = np.arange(2**15, dtype=np.int32)
    packed, outlines = found[1, 0, "loss", -1]
    assert packed == pack(summarise(steps_n, values_of(steps_n)))
    assert len(outlines) == 32 * 44
    assert [key for key in found if key[0] == 1 and key[2] == "loss"] == [(1, 0, "loss", -1)]


def test_a_repeated_batch_stores_no_window_twice(session: Session, workspace_id: UUID) -> None:
    run = claimed_run(session, workspace_id)

    store(session, run, [0, 3000])
    before = windows_of(session, run.id)
    store(session, run, [0, 3000])

    assert windows_of(session, run.id) == before


def test_a_rewind_within_a_window_deletes_it_and_the_later_ones(
    session: Session, workspace_id: UUID
) -> None:
    run, whole = claimed_run(session, workspace_id), claimed_run(session, workspace_id)
    store(session, run, [0, 2000, 3000])
    record_checkpoint(
        session,
        run_id=run.id,
        attempt=run.attempt,
        step=3000,
        name="a",
        num_bytes=1,
        sha256="0" * 64,
    )
    store(session, run, [3000, 6000], seq=2)

    values = rewind(session, run.id, latest_checkpoint(session, run.id))
    session.execute(update(runs).where(runs.c.id == run.id).values(values))
    kept = windows_of(session, run.id), windowed(session, run.id)
    store(session, run, [3000, 3001, 6000], seq=2)

    store(session, whole, [0, 6000])
    assert {number for _, number, _, _ in kept[0]} == {0, 1}
    assert kept[1] == 2048
    assert windows_of(session, run.id) == windows_of(session, whole.id)


def test_a_rewind_to_the_start_deletes_all_windows(session: Session, workspace_id: UUID) -> None:
    run = claimed_run(session, workspace_id)
    store(session, run, [0, 3000])

    values = rewind(session, run.id, None)
    session.execute(update(runs).where(runs.c.id == run.id).values(values))

    assert (windows_of(session, run.id), windowed(session, run.id)) == ({}, 0)


def test_a_fork_has_windows_from_its_first_step_on(session: Session, workspace_id: UUID) -> None:
    run = claimed_run(session, workspace_id)

    store(session, run, [50_500, 51_000, 53_300])

    assert {number for _, number, _, _ in windows_of(session, run.id)} == {49, 50, 51}
    assert windowed(session, run.id) == 52 * 1024


@pytest.fixture
def earlier(session: Session, workspace_id: UUID) -> Run:
    """A running run of a release without windows."""
    run = claimed_run(session, workspace_id)
    store(session, run, [0, 900, 20_000, 36_000])
    session.execute(delete(telemetry_windows).where(telemetry_windows.c.run_id == run.id))
    session.execute(update(runs).where(runs.c.id == run.id).values(windowed_steps=0))
    return run


def test_windows_of_an_earlier_release_are_made_when_the_run_has_ended(
    session: Session, workspace_id: UUID, earlier: Run
) -> None:
    whole = claimed_run(session, workspace_id)
    store(session, whole, [0, 40_000])
    store(session, earlier, [36_000, 40_000], seq=3)
    before = windows_of(session, earlier.id), read_missing_part(session)
    finish(session, run_id=earlier.id, attempt=1, stop_reason=StopReason.COMPLETED)

    sizes = []
    while (part := read_missing_part(session)) is not None:
        sizes.append(part.end - part.start)
        assert store_missing_part(session, part, part.rows())

    assert before == ({}, None)
    assert sizes == [2**15, 39_936 - 2**15]
    assert windows_of(session, earlier.id) == windows_of(session, whole.id)


def test_a_run_that_changed_meanwhile_gets_no_windows(session: Session, earlier: Run) -> None:
    finish(session, run_id=earlier.id, attempt=1, stop_reason=StopReason.COMPLETED)
    part = read_missing_part(session)
    assert part is not None
    session.execute(update(runs).where(runs.c.id == earlier.id).values(version=runs.c.version + 1))

    assert not store_missing_part(session, part, part.rows())
    assert windows_of(session, earlier.id) == {}


def test_an_ended_run_without_readings_lacks_no_windows_for_long(
    session: Session, workspace_id: UUID
) -> None:
    run = claimed_run(session, workspace_id)
    session.execute(update(runs).where(runs.c.id == run.id).values(progress_step=5000))
    finish(session, run_id=run.id, attempt=1, stop_reason=StopReason.COMPLETED)

    part = read_missing_part(session)
    assert part is not None
    assert store_missing_part(session, part, part.rows())

    assert read_missing_part(session) is None
    assert session.execute(select(func.count()).select_from(telemetry_windows)).scalar_one() == 0
