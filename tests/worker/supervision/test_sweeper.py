import itertools
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from uuid import UUID

from app.domain.errors import Unavailable
from app.domain.runs import StopReason
from app.services.attempts.finish_run import AttemptEnd
from app.store.ids import new_id
from worker.supervision.stop_signal import StopSignal
from worker.supervision.sweeper import SWEEPS_PER_CLAIM, SWEEPS_PER_DROP, Sweeper, SweepTiming


@dataclass
class Slots:
    num_free_slots: int = 1
    num_slots: int = 1
    can_train: bool = True
    queued: int = 0
    is_draining: bool = False
    #: Diagnoses that wait for their thread.
    diagnoses: list[tuple[Callable[[], None], Future[None]]] = field(default_factory=list)

    @property
    def is_idle(self) -> bool:
        return self.num_free_slots == self.num_slots

    def start_queued(self) -> bool:
        if not self.queued or not self.num_free_slots:
            return False
        self.queued -= 1
        self.num_free_slots -= 1
        return True

    def submit_diagnosis(self, diagnose: Callable[[], None]) -> Future[None]:
        future: Future[None] = Future()
        self.diagnoses.append((diagnose, future))
        return future

    def diagnose_next(self) -> None:
        diagnose, future = self.diagnoses.pop(0)
        diagnose()
        future.set_result(None)


@dataclass
class Records:
    is_unavailable: bool = False
    is_worker_deleted: bool = False
    rescues: list[bool] = field(default_factory=list)
    notifications: list[int] = field(default_factory=list)
    num_drops: int = 0
    num_act_drops: int = 0
    num_drains: int = 0
    #: What each sweep returns.
    lost: tuple[AttemptEnd, ...] = ()
    finished: list[AttemptEnd] = field(default_factory=list)
    results_due: tuple[UUID, ...] = ()
    judged_again: list[UUID] = field(default_factory=list)

    def record_heartbeat(self) -> bool:
        if self.is_unavailable:
            raise Unavailable
        return not self.is_worker_deleted

    def sweep(self, *, max_notifications: int, may_rescue: bool) -> tuple[AttemptEnd, ...]:
        self.rescues.append(may_rescue)
        self.notifications.append(max_notifications)
        return self.lost

    def finish(self, end: AttemptEnd) -> None:
        self.finished.append(end)

    def runs_to_judge_again(self) -> tuple[UUID, ...]:
        return self.results_due

    def judge_again(self, run_id: UUID) -> None:
        self.judged_again.append(run_id)

    def make_missing_windows(self) -> None:
        """Every run has its windows."""

    def note_drain(self) -> None:
        if self.is_unavailable:
            raise Unavailable
        self.num_drains += 1

    def drop_old_telemetry(self) -> None:
        self.num_drops += 1

    def drop_old_acts(self) -> None:
        self.num_act_drops += 1


@dataclass
class Termination:
    reasons: list[str] = field(default_factory=list)

    def terminate(self, reason: str) -> None:
        self.reasons.append(reason)


def make_sweeper(
    slots: Slots,
    records: Records,
    termination: Termination,
    *,
    num_waiting: int | None = None,
    count_answered: Callable[[], int] = lambda: 0,
    grace_s: float = 0,
    unreceived_after_s: float = 0,
) -> Sweeper:
    return Sweeper(
        slots,
        records,
        count_messages=lambda: num_waiting,
        count_answered=count_answered,
        terminate=termination.terminate,
        stop=StopSignal(),
        timing=SweepTiming(sweep_s=0.01, grace_s=grace_s, unreceived_after_s=unreceived_after_s),
    )


def test_queued_runs_start_without_a_notification_until_the_slots_are_taken() -> None:
    slots = Slots(num_free_slots=2, num_slots=2, queued=3)
    sweeper = make_sweeper(slots, Records(), Termination())

    for _ in range(SWEEPS_PER_CLAIM):
        sweeper.sweep()

    assert (slots.queued, slots.num_free_slots) == (1, 0)


def test_a_worker_without_its_forkserver_ends() -> None:
    termination = Termination()

    make_sweeper(Slots(can_train=False), Records(), termination).sweep()

    assert termination.reasons == ["the forkserver is gone"]


def test_a_worker_whose_row_was_deleted_ends() -> None:
    termination = Termination()

    make_sweeper(Slots(), Records(is_worker_deleted=True), termination).sweep()

    assert termination.reasons == ["its row was deleted during a long outage"]


def test_no_run_is_rescued_right_after_an_outage() -> None:
    records = Records(is_unavailable=True)
    sweeper = make_sweeper(Slots(), records, Termination(), grace_s=3600)

    sweeper.sweep()
    records.is_unavailable = False
    sweeper.sweep()

    assert records.rescues == [False]


def test_a_run_with_new_results_of_experiments_is_judged_again_beside_the_sweep() -> None:
    run_id = new_id()
    slots, records = Slots(), Records(results_due=(run_id,))
    sweeper = make_sweeper(slots, records, Termination())

    sweeper.sweep()
    sweeper.sweep()

    assert (len(slots.diagnoses), records.judged_again) == (1, [])
    slots.diagnose_next()
    assert records.judged_again == [run_id]


def test_lost_runs_are_rescued_once_the_database_has_been_available_for_long() -> None:
    records = Records()

    make_sweeper(Slots(), records, Termination()).sweep()

    assert records.rescues == [True]


def test_lost_runs_are_ended_in_another_thread_and_each_one_once_at_a_time() -> None:
    end = AttemptEnd(run_id=new_id(), attempt=3, stop_reason=StopReason.LOST, is_taken_back=True)
    slots, records = Slots(), Records(lost=(end,))
    sweeper = make_sweeper(slots, records, Termination())

    sweeper.sweep()
    sweeper.sweep()
    assert (len(slots.diagnoses), records.finished) == (1, [])
    slots.diagnose_next()
    sweeper.sweep()

    assert (len(slots.diagnoses), records.finished) == (1, [end])


def test_no_more_notifications_are_sent_than_there_are_free_slots() -> None:
    records = Records()

    make_sweeper(Slots(num_free_slots=2, num_slots=3), records, Termination()).sweep()

    assert records.notifications == [2]


def test_an_idle_worker_that_does_not_receive_waiting_notifications_ends() -> None:
    termination = Termination()

    make_sweeper(Slots(), Records(), termination, num_waiting=2).sweep()

    assert termination.reasons == ["it does not receive the notifications that wait at the broker"]


def test_a_worker_that_misses_notifications_trains_its_runs_to_their_end_first() -> None:
    termination = Termination()
    slots = Slots(num_free_slots=1, num_slots=2)

    make_sweeper(slots, Records(), termination, num_waiting=2).sweep()

    assert termination.reasons == []


def test_a_worker_that_receives_one_notification_after_the_other_is_left_alone() -> None:
    termination = Termination()
    num_answered = itertools.count(1)
    sweeper = make_sweeper(
        Slots(), Records(), termination, num_waiting=60, count_answered=lambda: next(num_answered)
    )

    for _ in range(100):
        sweeper.sweep()

    assert termination.reasons == []


def test_a_worker_that_receives_no_more_notifications_ends() -> None:
    termination = Termination()
    sweeper = make_sweeper(
        Slots(), Records(), termination, num_waiting=60, count_answered=lambda: 5
    )

    sweeper.sweep()
    after_the_last_one = list(termination.reasons)
    sweeper.sweep()

    assert after_the_last_one == []
    assert termination.reasons == ["it does not receive the notifications that wait at the broker"]


def test_notifications_may_wait_for_a_short_time() -> None:
    termination = Termination()

    make_sweeper(Slots(), Records(), termination, num_waiting=2, unreceived_after_s=3600).sweep()

    assert termination.reasons == []


def test_a_drain_by_signal_is_noted_once_the_database_answers() -> None:
    slots, records = Slots(is_draining=True), Records(is_unavailable=True)
    sweeper = make_sweeper(slots, records, Termination())

    sweeper.sweep()
    was_draining = slots.is_draining
    records.is_unavailable = False
    sweeper.sweep()
    sweeper.sweep()

    assert was_draining
    assert not slots.is_draining
    assert records.num_drains == 1


def test_old_readings_are_dropped_every_300_sweeps() -> None:
    records = Records()
    sweeper = make_sweeper(Slots(num_free_slots=0, num_slots=1), records, Termination())

    for _ in range(SWEEPS_PER_DROP + 1):
        sweeper.sweep()

    assert (records.num_drops, records.num_act_drops) == (2, 2)
