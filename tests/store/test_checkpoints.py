"""A run goes on from its last checkpoint, and nothing that was measured after it stays."""

from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from app.domain.checkpoints import NUM_KEPT, CheckpointParts, checkpoint_name
from app.domain.errors import Fenced
from app.domain.events import EventKind
from app.domain.rollbacks import Rollback, RollbackSummary
from app.domain.runs import BestScore, Run
from app.domain.telemetry import ReadingBatch
from app.store.checkpoints import (
    best_checkpoint,
    checkpoints_of,
    inherit_checkpoint,
    latest_checkpoint,
    record_checkpoint,
)
from app.store.claims import claim_next_run, record_continuation, requeue
from app.store.diagnoses import load_diagnosis, save_diagnosis
from app.store.events import events_after
from app.store.rewind import fall_back, followed_steps
from app.store.runs import delete_run, find_run
from app.store.telemetry import append_batch, read_telemetry
from tests.domain.builders import scores
from tests.store.builders import (
    CPU,
    LEASE_S,
    TENSORS,
    a_batch,
    a_diagnosis,
    a_finding,
    a_profile,
    a_worker,
    claimed_run,
    queued_run,
)


def keep(
    session: Session,
    run: Run,
    step: int,
    *,
    attempt: int | None = None,
    for_resume: bool = True,
) -> tuple[str, ...]:
    attempt = attempt or run.attempt
    return record_checkpoint(
        session,
        run_id=run.id,
        attempt=attempt,
        step=step,
        name=checkpoint_name(step, attempt, for_resume=for_resume),
        num_bytes=10,
        sha256="ab",
        for_resume=for_resume,
    )


def measured(session: Session, run: Run, num_batches: int, *, first: int = 0) -> None:
    """Batches of four steps, each with an evaluation that is better than the one before."""
    for seq in range(first, first + num_batches):
        batch = a_batch(
            first_step=4 * seq,
            readings=(*scores({4 * seq: 1.0 / (1 + seq)}), a_profile(step=4 * seq)),
        )
        append_batch(session, run_id=run.id, attempt=run.attempt, seq=seq, batch=batch)


def claimed_again(session: Session, run: Run) -> Run:
    requeue(session, run_id=run.id, attempt=run.attempt, reason="lost", is_crash=True)
    worker_id = a_worker(session)
    claimed = claim_next_run(session, worker_id=worker_id, devices=CPU, lease_s=LEASE_S)
    assert claimed is not None
    assert claimed.id == run.id
    return claimed


def test_a_claim_takes_the_run_back_to_its_last_checkpoint(
    session: Session, workspace_id: UUID
) -> None:
    run = claimed_run(session, workspace_id)
    measured(session, run, 2)
    keep(session, run, 8)
    measured(session, run, 3, first=2)
    diagnosis = a_diagnosis(a_finding())
    save_diagnosis(session, run_id=run.id, attempt=run.attempt, diagnosis=diagnosis)

    again = claimed_again(session, run)

    telemetry = read_telemetry(session, run.id)
    assert list(telemetry.steps_n) == list(range(8))
    assert {profile.step for profile in telemetry.profiles} == {0, 4}
    assert {reading.step for reading in telemetry.scalar_readings} == {0, 4}
    assert again.progress_step == 8
    assert again.best is not None
    assert again.best.step == 4
    assert again.metrics == {"validation": {"mse": 0.5}}
    assert again.tensor_names == TENSORS
    assert load_diagnosis(session, run.id) is None
    assert followed_steps(session, run.id) == (8, 12, 16)
    [told] = [e for e in events_after(session, run.id, 0, 100) if e.kind is EventKind.REWOUND]
    assert told.data == {"attempt": 2, "to_step": 7}


def test_the_next_attempt_goes_on_counting_its_batches(
    session: Session, workspace_id: UUID
) -> None:
    run = claimed_run(session, workspace_id)
    measured(session, run, 2)
    keep(session, run, 8)
    measured(session, run, 1, first=2)

    again = claimed_again(session, run)
    measured(session, again, 2, first=2)

    assert list(read_telemetry(session, run.id).steps_n) == list(range(16))


def test_nothing_is_rewound_where_nothing_was_measured_since(
    session: Session, workspace_id: UUID
) -> None:
    run = claimed_run(session, workspace_id)
    measured(session, run, 2)
    keep(session, run, 8)

    claimed_again(session, run)

    kinds = {event.kind for event in events_after(session, run.id, 0, 100)}
    assert EventKind.REWOUND not in kinds


def test_an_attempt_that_is_over_keeps_no_checkpoint(session: Session, workspace_id: UUID) -> None:
    run = claimed_run(session, workspace_id)
    claimed_again(session, run)

    with pytest.raises(Fenced):
        keep(session, run, 8)

    assert latest_checkpoint(session, run.id) is None


def test_only_the_last_few_checkpoints_are_kept(session: Session, workspace_id: UUID) -> None:
    run = claimed_run(session, workspace_id)

    kept = [keep(session, run, step) for step in (4, 8, 12)][-1]

    assert [record.step for record in checkpoints_of(session, run.id)] == [12, 8]
    assert kept == (checkpoint_name(12, 1), checkpoint_name(8, 1))
    assert len(kept) == NUM_KEPT


def steps_of(session: Session, run: Run) -> list[tuple[int, bool]]:
    return [(record.step, record.for_resume) for record in checkpoints_of(session, run.id)]


def scored(session: Session, run: Run, seq: int, score: float) -> None:
    """A batch of four steps with an evaluation at its first one."""
    batch = a_batch(first_step=4 * seq, readings=scores({4 * seq: score}))
    append_batch(session, run_id=run.id, attempt=run.attempt, seq=seq, batch=batch)


def test_the_checkpoint_of_the_best_step_is_kept_beside_the_last_two(
    session: Session, workspace_id: UUID
) -> None:
    run = claimed_run(session, workspace_id)
    for seq, score in enumerate((0.9, 0.2, 0.5, 0.5, 0.5)):
        scored(session, run, seq, score)
        if seq == 1:
            keep(session, run, 4, for_resume=False)
        keep(session, run, 4 * seq + 3)

    assert steps_of(session, run) == [(19, True), (15, True), (4, False)]
    latest = latest_checkpoint(session, run.id)
    assert latest is not None
    assert latest.step == 19


def test_an_earlier_best_is_kept_until_a_later_state_is_safe(
    session: Session, workspace_id: UUID
) -> None:
    run = claimed_run(session, workspace_id)
    scored(session, run, 0, 0.9)
    scored(session, run, 1, 0.5)
    keep(session, run, 4, for_resume=False)
    keep(session, run, 8)
    scored(session, run, 2, 0.4)
    names = keep(session, run, 9, for_resume=False)
    both = [(9, False), (8, True), (4, False)]

    assert steps_of(session, run) == both
    assert set(names) == {record.name for record in checkpoints_of(session, run.id)}
    assert steps_of(session, claimed_again(session, run)) == [(8, True), (4, False)]


def test_a_best_step_that_has_a_checkpoint_needs_no_other_and_is_kept(
    session: Session, workspace_id: UUID
) -> None:
    run = claimed_run(session, workspace_id)
    scored(session, run, 0, 0.9)
    keep(session, run, 4)
    scored(session, run, 1, 0.1)

    names = keep(session, run, 4, for_resume=False)
    for step in (8, 12, 16):
        keep(session, run, step)

    assert names == (checkpoint_name(4, 1),)
    assert steps_of(session, run) == [(16, True), (12, True), (4, True)]


def test_a_fork_from_the_best_step_finds_the_best_that_was_saved(
    session: Session, workspace_id: UUID
) -> None:
    run = claimed_run(session, workspace_id)
    scored(session, run, 0, 0.9)
    keep(session, run, 3, for_resume=False)
    found = checkpoints_of(session, run.id)
    best = BestScore(step=3, metric="mse", value=0.1)

    at_best = best_checkpoint(found, best)
    before_best = best_checkpoint(found, replace(best, step=7))

    assert at_best is not None
    assert at_best == before_best == best_checkpoint(found, None)
    assert best_checkpoint([], best) is None


def test_the_same_checkpoint_twice_is_one(session: Session, workspace_id: UUID) -> None:
    run = claimed_run(session, workspace_id)

    keep(session, run, 4)
    keep(session, run, 4)

    events = events_after(session, run.id, 0, 100)
    assert [event.kind for event in events].count(EventKind.CHECKPOINT) == 1


def test_a_run_that_gets_on_is_forgiven_its_crashes(session: Session, workspace_id: UUID) -> None:
    run = claimed_again(session, claimed_run(session, workspace_id))
    assert run.crash_count == 1

    keep(session, run, 4)

    assert find_run(session, workspace_id, run.id).crash_count == 0


def test_a_damaged_checkpoint_is_given_up_for_the_one_before(
    session: Session, workspace_id: UUID
) -> None:
    run = claimed_run(session, workspace_id)
    measured(session, run, 2)
    keep(session, run, 8)
    measured(session, run, 1, first=2)
    keep(session, run, 12)

    fall_back(session, run_id=run.id, attempt=1, step=12, reason="damaged")

    assert list(read_telemetry(session, run.id).steps_n) == list(range(8))
    assert find_run(session, workspace_id, run.id).progress_step == 8
    fall_back(session, run_id=run.id, attempt=1, step=8, reason="damaged")
    assert list(read_telemetry(session, run.id).steps_n) == []
    assert checkpoints_of(session, run.id) == []


def test_a_fork_begins_with_the_step_of_its_parent(session: Session, workspace_id: UUID) -> None:
    parent = claimed_run(session, workspace_id)
    measured(session, parent, 2)
    keep(session, parent, 8)
    [source] = checkpoints_of(session, parent.id)
    fork = queued_run(session, workspace_id, priority=2000)

    inherit_checkpoint(session, source, into=fork.id, takes=CheckpointParts.WEIGHTS)

    worker_id = a_worker(session)
    claimed = claim_next_run(session, worker_id=worker_id, devices=CPU, lease_s=LEASE_S)
    assert claimed is not None
    assert (claimed.id, claimed.progress_step) == (fork.id, 8)
    [begun] = checkpoints_of(session, fork.id)
    assert (begun.takes, begun.next_seq, begun.step) == (CheckpointParts.WEIGHTS, 0, 8)


def rolled_back(seq: int, *, number: int, rate_factor: float) -> ReadingBatch:
    rollback = Rollback(
        step=4 * seq + 1,
        to_step=0,
        failure="gradient",
        factor=0.5,
        is_measured=True,
        rate_factor=rate_factor,
        number=number,
    )
    return replace(a_batch(first_step=4 * seq), rollbacks=(rollback,))


def test_rollbacks_are_events_and_their_summary_goes_back_with_the_run(
    session: Session, workspace_id: UUID
) -> None:
    run = claimed_run(session, workspace_id)
    first, second = (
        rolled_back(seq, number=seq + 1, rate_factor=0.5 ** (seq + 1)) for seq in range(2)
    )
    append_batch(session, run_id=run.id, attempt=1, seq=0, batch=first)
    keep(session, run, 4)
    append_batch(session, run_id=run.id, attempt=1, seq=1, batch=second)
    before = find_run(session, workspace_id, run.id)

    after = claimed_again(session, run)

    assert before.rollbacks == RollbackSummary(count=2, learning_rate_factor=0.25, last_step=5)
    assert after.rollbacks == RollbackSummary(count=1, learning_rate_factor=0.5, last_step=1)
    told = [
        event.data
        for event in events_after(session, run.id, 0, 100)
        if event.kind is EventKind.ROLLED_BACK
    ]
    assert told[0] == {
        "attempt": 1,
        "step": 1,
        "to_step": 0,
        "failure": "gradient",
        "factor": 0.5,
        "is_measured": True,
        "learning_rate_factor": 0.5,
    }
    assert len(told) == 2


def test_a_run_is_bitwise_until_it_is_not(session: Session, workspace_id: UUID) -> None:
    run = claimed_run(session, workspace_id)
    seen = [run.is_continued_bitwise]

    for differences in ((), ("threads",), ()):
        record_continuation(session, run_id=run.id, attempt=1, step=4, differences=differences)
        seen.append(find_run(session, workspace_id, run.id).is_continued_bitwise)

    assert seen == [None, True, False, False]


def test_checkpoints_go_with_their_run(session: Session, workspace_id: UUID) -> None:
    run = claimed_run(session, workspace_id)
    keep(session, run, 4)

    delete_run(session, workspace_id, run.id)

    assert checkpoints_of(session, run.id) == []
