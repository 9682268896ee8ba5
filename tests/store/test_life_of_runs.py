"""Whatever workers and clients do in whatever order, the store and a plain model of it agree."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import ColumnElement, Engine, text
from sqlalchemy.orm import Session

from app.domain.checkpoints import NUM_KEPT, checkpoint_name
from app.domain.errors import Fenced, IllegalTransition
from app.domain.runs import STATUS_OF, RunStatus, StopReason
from app.store.checkpoints import record_checkpoint
from app.store.claims import claim_next_run, finish, heartbeat, lock_expired, requeue
from app.store.rewind import fall_back
from app.store.runs import enqueue_again, lock_run, request_cancel
from app.store.tables import runs
from app.store.telemetry import append_batch
from app.store.workspaces import insert_workspace
from tests.store.builders import CPU, a_batch, a_worker, queued_run

LEASE_S = 10
MAX_RUNS = 3
STORED = "SELECT status, attempt, next_seq, crash_count FROM runs WHERE id = :run_id"
BATCHES = "SELECT seq, attempt FROM telemetry_chunks WHERE run_id = :run_id ORDER BY seq"
CHECKPOINTS = "SELECT step, attempt FROM checkpoints WHERE run_id = :run_id ORDER BY step"
EVENTS = "SELECT number, data FROM events WHERE run_id = :run_id ORDER BY number"

#: Which run, of those that there are.
which = st.integers(0, MAX_RUNS - 1)
#: How many attempts ago a writer had its run: 0 is the one that has it.
ages = st.sampled_from([0, 0, 0, 1, 2])


@dataclass(kw_only=True)
class Known:
    """What the model knows of one run; each batch is one step."""

    run_id: UUID
    status: RunStatus = RunStatus.QUEUED
    attempt: int = 0
    crash_count: int = 0
    lease_s: int = 0
    #: The attempt that wrote each batch.
    batches: list[int] = field(default_factory=list)
    #: Step and attempt.
    checkpoints: list[tuple[int, int]] = field(default_factory=list)

    def is_held_by(self, attempt: int) -> bool:
        return self.status is RunStatus.RUNNING and attempt == self.attempt

    def go_back(self) -> None:
        """To the last checkpoint, or to the start."""
        del self.batches[self.checkpoints[-1][0] if self.checkpoints else 0 :]


class LifeOfRuns(RuleBasedStateMachine):
    """The clock is the database's: what passes of it is taken from the leases."""

    #: Of a database that has no queued runs.
    engine: ClassVar[Engine]

    def __init__(self) -> None:
        super().__init__()
        self._connection = self.engine.connect()
        self._outer = self._connection.begin()
        self._session = Session(bind=self._connection, join_transaction_mode="create_savepoint")
        self._workspace_id = insert_workspace(self._session, name="mine").id
        self._worker_id = a_worker(self._session)
        self._runs: list[Known] = []

    def teardown(self) -> None:
        self._session.close()
        self._outer.rollback()
        self._connection.close()

    @rule()
    def submit(self) -> None:
        if len(self._runs) < MAX_RUNS:
            run = queued_run(self._session, self._workspace_id)
            self._runs.append(Known(run_id=run.id))

    @rule()
    def claim(self) -> None:
        run = claim_next_run(self._session, worker_id=self._worker_id, devices=CPU, lease_s=LEASE_S)

        oldest = next((known for known in self._runs if known.status is RunStatus.QUEUED), None)
        assert (run and run.id) == (oldest and oldest.run_id)
        if oldest is not None:
            oldest.status, oldest.lease_s = RunStatus.RUNNING, LEASE_S
            oldest.attempt += 1
            oldest.go_back()

    @rule(number=which, age=ages)
    def beat(self, number: int, age: int) -> None:
        if (known := self._known(number)) is not None:
            attempt = known.attempt - age
            self._write(
                known,
                attempt,
                lambda: heartbeat(
                    self._session, run_id=known.run_id, attempt=attempt, lease_s=LEASE_S
                ),
                then=lambda: setattr(known, "lease_s", LEASE_S),
            )

    @rule(number=which, age=ages, lead=st.sampled_from([0, 0, 0, -1, 1]))
    def record(self, number: int, age: int, lead: int) -> None:
        """`lead` is by how many batches the writer is ahead of the store."""
        known = self._known(number)
        if known is None or (seq := len(known.batches) + lead) < 0:
            return
        attempt, batch = known.attempt - age, a_batch(first_step=seq, num_steps=1)

        def append() -> bool:
            return append_batch(
                self._session, run_id=known.run_id, attempt=attempt, seq=seq, batch=batch
            )

        if attempt == known.attempt and lead < 0:
            assert not append(), "a replay is dropped"
        elif known.is_held_by(attempt) and lead == 0:
            assert append()
            known.batches.append(attempt)
        else:
            self._refused(append)

    @rule(number=which, age=ages)
    def save(self, number: int, age: int) -> None:
        known = self._known(number)
        if known is None or not (step := len(known.batches)):
            return
        attempt = known.attempt - age

        def keep() -> None:
            record_checkpoint(
                self._session,
                run_id=known.run_id,
                attempt=attempt,
                step=step,
                name=checkpoint_name(step, attempt),
                num_bytes=1,
                sha256="0" * 64,
            )

        def then() -> None:
            others = [saved for saved in known.checkpoints if saved[0] != step]
            known.checkpoints = [*others, (step, attempt)][-NUM_KEPT:]
            known.crash_count = 0

        if (step, attempt) in known.checkpoints[-1:]:
            keep()  # the same one again
        else:
            self._write(known, attempt, keep, then=then)

    @rule(number=which, age=ages)
    def discard_checkpoint(self, number: int, age: int) -> None:
        known = self._known(number)
        if known is None or not known.checkpoints:
            return
        attempt, step = known.attempt - age, known.checkpoints[-1][0]

        def then() -> None:
            known.checkpoints.pop()
            known.go_back()

        self._write(
            known,
            attempt,
            lambda: fall_back(
                self._session, run_id=known.run_id, attempt=attempt, step=step, reason="damaged"
            ),
            then=then,
        )

    @rule(number=which, age=ages, is_crash=st.booleans())
    def let_go(self, number: int, age: int, is_crash: bool) -> None:  # noqa: FBT001 - rules are called by name
        if (known := self._known(number)) is not None:
            attempt = known.attempt - age
            self._write(
                known,
                attempt,
                lambda: requeue(
                    self._session,
                    run_id=known.run_id,
                    attempt=attempt,
                    reason="it may",
                    is_crash=is_crash,
                ),
                then=lambda: self._queue(known, is_crash=is_crash),
            )

    @rule(number=which, age=ages, reason=st.sampled_from(StopReason))
    def end(self, number: int, age: int, reason: StopReason) -> None:
        if (known := self._known(number)) is None:
            return
        attempt = known.attempt - age

        def then() -> None:
            known.status = STATUS_OF[reason]
            known.crash_count += reason in {StopReason.CRASHED, StopReason.LOST}

        self._write(
            known,
            attempt,
            lambda: finish(self._session, run_id=known.run_id, attempt=attempt, stop_reason=reason),
            then=then,
        )

    @rule(number=which)
    def cancel(self, number: int) -> None:
        if (known := self._known(number)) is None:
            return
        if known.status.has_ended:
            with pytest.raises(IllegalTransition):
                request_cancel(self._session, self._workspace_id, known.run_id)
            return
        request_cancel(self._session, self._workspace_id, known.run_id)
        if known.status is RunStatus.QUEUED:
            known.status = RunStatus.CANCELLED

    @rule(number=which)
    def resume(self, number: int) -> None:
        known = self._known(number)
        if known is None or not known.status.has_ended:
            return
        run = lock_run(self._session, self._workspace_id, known.run_id)
        enqueue_again(self._session, run, spec=run.spec, expected_rows=0)
        known.status, known.crash_count = RunStatus.QUEUED, 0

    @rule(seconds=st.integers(1, LEASE_S))
    def let_time_pass(self, seconds: int) -> None:
        earlier = runs.c.lease_expires_at - timedelta(seconds=seconds)
        self._session.execute(runs.update().values(lease_expires_at=earlier))
        for known in self._runs:
            known.lease_s -= seconds

    @rule()
    def rescue(self) -> None:
        found = lock_expired(self._session)

        lost = [
            known
            for known in self._runs
            if known.status is RunStatus.RUNNING and known.lease_s <= 0
        ]
        assert [run.id for run in found] == [known.run_id for known in lost]
        for known in lost:
            requeue(
                self._session,
                run_id=known.run_id,
                attempt=known.attempt,
                reason="lost",
                is_crash=True,
            )
            self._queue(known, is_crash=True)

    @invariant()
    def the_store_is_as_the_model_says(self) -> None:
        for known in self._runs:
            values = {"run_id": known.run_id}
            stored = tuple(self._session.execute(text(STORED), values).one())
            batches = self._session.execute(text(BATCHES), values).all()
            saved = self._session.execute(text(CHECKPOINTS), values).all()
            assert stored == (
                known.status.value,
                known.attempt,
                len(known.batches),
                known.crash_count,
            )
            assert [tuple(row) for row in batches] == list(enumerate(known.batches))
            assert [tuple(row) for row in saved] == known.checkpoints

    @invariant()
    def events_are_numbered_and_attempts_only_rise(self) -> None:
        for known in self._runs:
            log = self._session.execute(text(EVENTS), {"run_id": known.run_id}).all()
            attempts = [row.data["attempt"] for row in log if "attempt" in row.data]
            assert [row.number for row in log] == list(range(1, len(log) + 1))
            assert attempts == sorted(attempts)

    def _known(self, number: int) -> Known | None:
        return self._runs[number] if number < len(self._runs) else None

    def _queue(self, known: Known, *, is_crash: bool) -> None:
        known.status = RunStatus.QUEUED
        known.crash_count += is_crash

    def _write(
        self,
        known: Known,
        attempt: int,
        write: Callable[[], object],
        *,
        then: Callable[[], None],
    ) -> None:
        """What only the holder of the run may do; `then` is what it means to the model."""
        if known.is_held_by(attempt):
            write()
            then()
        else:
            self._refused(write)

    def _refused(self, write: Callable[[], object]) -> None:
        """Nothing of it stays, as at the end of a unit of work that raised."""
        savepoint = self._session.begin_nested()
        try:
            write()
        except Fenced:
            savepoint.rollback()
        else:
            detail = "a write that nobody may do was done"
            raise AssertionError(detail)


def live(*, max_examples: int, phases: Collection[Phase] = tuple(Phase)) -> None:
    run_state_machine_as_test(
        LifeOfRuns,
        settings=settings(
            max_examples=max_examples,
            stateful_step_count=30,
            phases=phases,
            # one way to break it is enough
            report_multiple_bugs=False,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_the_store_and_the_model_agree(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LifeOfRuns, "engine", engine, raising=False)

    live(max_examples=12)


def test_they_do_not_agree_when_nothing_checks_the_attempt(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def held_by(run_id: UUID, _attempt: int) -> tuple[ColumnElement[bool], ...]:
        return (runs.c.id == run_id, runs.c.status == RunStatus.RUNNING.value)

    monkeypatch.setattr(LifeOfRuns, "engine", engine, raising=False)
    for module in ("fence", "attempts", "claims", "telemetry"):
        monkeypatch.setattr(f"app.store.{module}.held_by", held_by)

    with pytest.raises(AssertionError, match="that nobody may do"):
        # it ends with the first failure; 200 examples have once held none
        live(max_examples=5000, phases=[Phase.generate])
