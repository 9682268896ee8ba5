from dataclasses import dataclass, field

from app.domain.errors import Unavailable
from worker.supervision.reconcile import SWEEPS_PER_DROP, SWEEPS_PER_LOOK, Pace, Sweeper
from worker.supervision.stopping import StopSignal


@dataclass
class Slots:
    num_free_slots: int = 1
    num_slots: int = 1
    can_train: bool = True
    queued: int = 0

    @property
    def is_idle(self) -> bool:
        return self.num_free_slots == self.num_slots

    def look(self) -> bool:
        if not self.queued or not self.num_free_slots:
            return False
        self.queued -= 1
        self.num_free_slots -= 1
        return True


@dataclass
class Records:
    is_away: bool = False
    is_forgotten: bool = False
    rescues: list[bool] = field(default_factory=list)
    bells: list[int] = field(default_factory=list)
    num_drops: int = 0

    def beat(self) -> bool:
        if self.is_away:
            raise Unavailable
        return not self.is_forgotten

    def sweep(self, *, num_bells: int, may_rescue: bool) -> None:
        self.rescues.append(may_rescue)
        self.bells.append(num_bells)

    def drop_old_telemetry(self) -> None:
        self.num_drops += 1


@dataclass
class Exit:
    reasons: list[str] = field(default_factory=list)

    def leave(self, reason: str) -> None:
        self.reasons.append(reason)


def make_sweeper(
    slots: Slots,
    records: Records,
    leaving: Exit,
    *,
    num_bells: int | None = None,
    grace_s: float = 0,
    deaf_after_s: float = 0,
) -> Sweeper:
    return Sweeper(
        slots,
        records,
        count_bells=lambda: num_bells,
        leave=leaving.leave,
        stop=StopSignal(),
        pace=Pace(sweep_s=0.01, grace_s=grace_s, deaf_after_s=deaf_after_s),
    )


def test_queued_runs_start_without_a_bell_until_the_slots_are_taken() -> None:
    slots = Slots(num_free_slots=2, num_slots=2, queued=3)
    sweeper = make_sweeper(slots, Records(), Exit())

    for _ in range(SWEEPS_PER_LOOK):
        sweeper.sweep()

    assert (slots.queued, slots.num_free_slots) == (1, 0)


def test_a_worker_without_its_forkserver_leaves() -> None:
    leaving = Exit()

    make_sweeper(Slots(can_train=False), Records(), leaving).sweep()

    assert leaving.reasons == ["the forkserver is gone"]


def test_a_worker_that_was_forgotten_leaves_and_comes_back_as_a_new_one() -> None:
    leaving = Exit()

    make_sweeper(Slots(), Records(is_forgotten=True), leaving).sweep()

    assert leaving.reasons == ["it has been forgotten, after a long outage"]


def test_nobody_is_rescued_right_after_an_outage() -> None:
    records = Records(is_away=True)
    sweeper = make_sweeper(Slots(), records, Exit(), grace_s=3600)

    sweeper.sweep()
    records.is_away = False
    sweeper.sweep()

    assert records.rescues == [False]


def test_lost_runs_are_rescued_when_the_database_has_long_been_there() -> None:
    records = Records()

    make_sweeper(Slots(), records, Exit()).sweep()

    assert records.rescues == [True]


def test_no_more_bells_are_rung_than_there_are_free_slots() -> None:
    records = Records()

    make_sweeper(Slots(num_free_slots=2, num_slots=3), records, Exit()).sweep()

    assert records.bells == [2]


def test_a_worker_that_does_not_hear_waiting_bells_leaves_when_it_is_idle() -> None:
    leaving = Exit()

    make_sweeper(Slots(), Records(), leaving, num_bells=2).sweep()

    assert leaving.reasons == ["bells at the broker are not heard"]


def test_a_deaf_worker_trains_its_runs_to_their_end_first() -> None:
    leaving = Exit()
    slots = Slots(num_free_slots=1, num_slots=2)

    make_sweeper(slots, Records(), leaving, num_bells=2).sweep()

    assert leaving.reasons == []


def test_bells_that_wait_for_a_moment_are_no_deafness() -> None:
    leaving = Exit()

    make_sweeper(Slots(), Records(), leaving, num_bells=2, deaf_after_s=3600).sweep()

    assert leaving.reasons == []


def test_old_readings_are_looked_for_now_and_then() -> None:
    records = Records()
    sweeper = make_sweeper(Slots(num_free_slots=0, num_slots=1), records, Exit())

    for _ in range(SWEEPS_PER_DROP + 1):
        sweeper.sweep()

    assert records.num_drops == 2
