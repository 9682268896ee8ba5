import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field

import pytest

from app.domain.errors import Fenced, Unavailable
from app.domain.runs import StopReason
from app.store.claims import Heartbeat
from tests.domain.builders import run
from worker.supervision.children import Child
from worker.supervision.stop_signal import StopSignal
from worker.supervision.supervise import Decision, HeartbeatState, Policy, Supervisor, decide
from worker.supervision.wake_signal import WakeSignal

LONG_GRACE = Policy(heartbeat_s=0.02, cancel_grace_s=30, diagnose_every_s=3600)
#: A program that exits with the given code when it is cancelled.
EXITS_WHEN_CANCELLED = "import sys; sys.stdin.buffer.read(1); sys.exit({code})"
NEVER_EXITS = "import time; time.sleep(600)"

Start = Callable[[str], Child]


PAUSE = Heartbeat(cancel_requested=False, pause_requested=True)


@dataclass
class Records:
    """Records what a supervisor writes; `answers` go to its heartbeats, the last one repeatedly.

    An answer of True asks to cancel the run.
    """

    answers: list[bool | Heartbeat | Exception] = field(default_factory=lambda: [False])
    written: list[str | tuple[StopReason, str | None]] = field(default_factory=list)
    #: What each diagnosis says of whether the run is to stop, the last one repeatedly.
    stops: list[bool] = field(default_factory=lambda: [False])
    num_diagnoses: int = 0
    #: Whether each heartbeat said that training waits for the database.
    waits: list[bool] = field(default_factory=list)

    def renew_lease(self, *, waits_for_database: bool) -> Heartbeat:
        self.waits.append(waits_for_database)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Heartbeat) else Heartbeat(cancel_requested=answer)

    def finish(self, stop_reason: StopReason, error: str | None) -> None:
        self.written.append((stop_reason, error))

    def release(self) -> None:
        self.written.append("released")

    def rescue(self, error: str) -> None:
        self.written.append(error)

    def diagnose(self) -> bool:
        self.num_diagnoses += 1
        return self.stops.pop(0) if len(self.stops) > 1 else self.stops[0]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a program as a child: its control socket is its input, its status goes to a pipe."""
    processes: list[subprocess.Popen[bytes]] = []

    def launch(program: str) -> Child:
        own_socket, child_socket = socket.socketpair()
        status_read, status_write = os.pipe()
        process = subprocess.Popen([sys.executable, "-c", program], stdin=child_socket.fileno())
        processes.append(process)
        child_socket.close()

        def report() -> None:
            code = process.wait()
            os.write(status_write, b"%d\n" % code)
            os.close(status_write)

        own_socket.settimeout(0)
        threading.Thread(target=report).start()
        return Child(control=own_socket, status_fd=status_read, pid=process.pid)

    yield launch
    for process in processes:
        process.kill()
        process.wait()


def supervise(
    child: Child,
    records: Records,
    *,
    policy: Policy = LONG_GRACE,
    stop: StopSignal | None = None,
    wake: WakeSignal | None = None,
) -> None:
    def at_once(diagnose: Callable[[], None]) -> Future[None]:
        done: Future[None] = Future()
        diagnose()
        done.set_result(None)
        return done

    Supervisor(
        run(),
        child,
        records=records,
        stop=stop or StopSignal(),
        wake=wake or WakeSignal(),
        policy=policy,
        submit=at_once,
    ).watch()


def test_a_run_that_ends_well_is_written_by_its_child_alone(start: Start) -> None:
    records = Records()

    supervise(start("pass"), records)

    assert records.written == []


@pytest.mark.parametrize("code", [70, 72])
def test_a_child_that_exits_without_an_end_is_queued_again(start: Start, code: int) -> None:
    records = Records()

    supervise(start(f"import sys; sys.exit({code})"), records)

    assert records.written == [f"The training process ended with exit code {code}."]


def test_a_child_that_a_signal_kills_is_queued_again_as_a_crash(start: Start) -> None:
    records = Records()

    supervise(start("import os; os.kill(os.getpid(), 9)"), records)

    assert records.written == ["The training process was killed by SIGKILL."]


def test_a_fenced_child_leaves_nothing_to_write(start: Start) -> None:
    records = Records()

    supervise(start("import sys; sys.exit(75)"), records)

    assert records.written == []


def test_a_cancelled_child_ends_by_itself_when_it_can(start: Start) -> None:
    records = Records(answers=[False, True])

    supervise(start(EXITS_WHEN_CANCELLED.format(code=0)), records)

    assert records.written == []


def test_a_cancelled_child_that_does_not_listen_is_killed(start: Start) -> None:
    records = Records(answers=[True])
    child = start(NEVER_EXITS)

    supervise(child, records, policy=Policy(heartbeat_s=0.02, cancel_grace_s=0.05))

    assert records.written == [(StopReason.CANCELLED, None)]
    assert child.exit_code == -signal.SIGKILL


def test_a_fenced_supervisor_kills_its_child_and_writes_nothing(start: Start) -> None:
    records = Records(answers=[Fenced()])
    child = start(NEVER_EXITS)

    supervise(child, records)

    assert records.written == []
    assert child.exit_code == -signal.SIGKILL


def test_a_worker_that_stops_releases_its_run_without_a_crash(start: Start) -> None:
    stop, records = StopSignal(), Records()
    child = start(NEVER_EXITS)
    stop.set()

    supervise(child, records, stop=stop, policy=Policy(heartbeat_s=600))

    assert records.written == ["released"]
    assert child.exit_code == -signal.SIGKILL


def test_a_supervisor_that_is_woken_learns_at_once_that_its_run_is_cancelled(start: Start) -> None:
    wake, records = WakeSignal(), Records(answers=[True])
    wake.set()
    wake.set()

    supervise(
        start(EXITS_WHEN_CANCELLED.format(code=0)),
        records,
        policy=Policy(heartbeat_s=600),
        wake=wake,
    )

    assert records.waits == [False]
    assert select.select([wake.fd], [], [], 0)[0] == []


@pytest.mark.parametrize("program", [EXITS_WHEN_CANCELLED.format(code=69), NEVER_EXITS])
def test_the_run_of_a_suspended_workspace_is_released_whether_its_child_pauses_or_not(
    start: Start, program: str
) -> None:
    records = Records(answers=[False, PAUSE])

    supervise(start(program), records, policy=Policy(heartbeat_s=0.02, cancel_grace_s=1))

    assert records.written == ["released"]


def test_a_child_that_crashes_while_it_pauses_is_queued_again_as_a_crash(start: Start) -> None:
    records = Records(answers=[PAUSE])

    supervise(start(EXITS_WHEN_CANCELLED.format(code=70)), records)

    assert records.written == ["The training process ended with exit code 70."]


def test_a_child_that_makes_no_progress_is_ended(start: Start) -> None:
    records = Records()

    supervise(start(NEVER_EXITS), records, policy=Policy(heartbeat_s=0.02, stall_s=0.1))

    assert records.written == [(StopReason.CRASHED, "Training made no progress for 0.1 s.")]


def test_a_child_that_runs_longer_than_its_time_limit_is_killed(start: Start) -> None:
    records = Records()
    child = start(NEVER_EXITS)

    supervise(child, records, policy=Policy(heartbeat_s=0.02, time_limit_s=0.1))

    assert records.written == [(StopReason.TIMED_OUT, "It was stopped after 0.1 s.")]
    assert child.exit_code == -signal.SIGKILL


def test_an_outage_shorter_than_the_limit_changes_nothing(start: Start) -> None:
    records = Records(answers=[Unavailable(), Unavailable(), True])

    supervise(start(EXITS_WHEN_CANCELLED.format(code=0)), records)

    assert records.written == []


def test_a_supervisor_gives_up_after_a_long_outage_of_the_database(start: Start) -> None:
    records = Records(answers=[Unavailable()])
    child = start(NEVER_EXITS)

    supervise(child, records, policy=Policy(heartbeat_s=0.02, max_outage_s=0.1))

    assert records.written == []
    assert child.exit_code == -signal.SIGKILL


def test_a_run_in_progress_is_diagnosed(start: Start) -> None:
    records = Records(answers=[False, False, True])

    supervise(
        start(EXITS_WHEN_CANCELLED.format(code=0)),
        records,
        policy=Policy(heartbeat_s=0.02, diagnose_every_s=0),
    )

    assert records.num_diagnoses > 0


def test_a_critical_finding_stops_the_child_which_is_told_once(start: Start) -> None:
    records = Records(answers=[*[False] * 10, True], stops=[False, True])
    says_all = "import sys; told = sys.stdin.buffer.read(2); sys.exit(0 if told == b'sc' else 1)"

    supervise(start(says_all), records, policy=Policy(heartbeat_s=0.02, diagnose_every_s=0))

    assert records.num_diagnoses == 2
    assert records.written == []


@pytest.mark.parametrize(
    ("state", "decision"),
    [
        (HeartbeatState(is_cancel_requested=False), Decision.CONTINUE),
        (HeartbeatState(is_cancel_requested=True), Decision.CANCEL),
        (HeartbeatState(is_cancel_requested=True, since_cancel_s=1), Decision.CONTINUE),
        (HeartbeatState(is_cancel_requested=True, since_cancel_s=30), Decision.END_CANCELLED),
        (HeartbeatState(is_pause_requested=True), Decision.PAUSE),
        (HeartbeatState(is_pause_requested=True, since_pause_s=1), Decision.CONTINUE),
        (HeartbeatState(is_pause_requested=True, since_pause_s=30), Decision.RELEASE),
        (HeartbeatState(is_pause_requested=True, since_cancel_s=1), Decision.CONTINUE),
        (HeartbeatState(is_pause_requested=True, is_cancel_requested=True), Decision.CANCEL),
        (HeartbeatState(since_start_s=1e9), Decision.CONTINUE),
        (HeartbeatState(since_progress_s=1800), Decision.END_STALLED),
        (HeartbeatState(since_heartbeat_s=600), Decision.ABANDON),
    ],
)
def test_the_state_at_a_heartbeat_decides_what_happens(
    state: HeartbeatState, decision: Decision
) -> None:
    assert decide(state, Policy(cancel_grace_s=30)) is decision


def test_a_heartbeat_says_that_training_waits_for_the_database_until_it_moves(
    start: Start,
) -> None:
    records = Records(answers=[*[False] * 40, True])
    program = "import socket, time; worker = socket.socket(fileno=0); worker.send(b'.w'); "
    program += "time.sleep(.2); worker.send(b'.'); time.sleep(60)"

    supervise(start(program), records, policy=Policy(heartbeat_s=0.02, cancel_grace_s=0))

    assert True in records.waits
    assert not records.waits[-1]
