import os
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
from tests.domain.builders import run
from worker.supervision.children import Child
from worker.supervision.stopping import StopSignal
from worker.supervision.supervise import Decision, Policy, Supervisor, View, decide

PATIENT = Policy(heartbeat_s=0.02, cancel_grace_s=30, diagnose_every_s=3600)
#: Leaves as soon as it is told to cancel, with the exit code given.
OBEDIENT = "import sys; sys.stdin.buffer.read(1); sys.exit({code})"
STUBBORN = "import time; time.sleep(600)"

Start = Callable[[str], Child]


@dataclass
class Records:
    """Remembers what a supervisor wrote; `beats` answers each heartbeat in turn, then the last."""

    beats: list[bool | Exception] = field(default_factory=lambda: [False])
    written: list[str | tuple[StopReason, str | None]] = field(default_factory=list)
    diagnosed: threading.Event = field(default_factory=threading.Event)
    #: Whether each heartbeat said that training waits for the database.
    waits: list[bool] = field(default_factory=list)

    def beat(self, *, waits_for_database: bool) -> bool:
        self.waits.append(waits_for_database)
        answer = self.beats.pop(0) if len(self.beats) > 1 else self.beats[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def finish(self, stop_reason: StopReason, error: str | None) -> None:
        self.written.append((stop_reason, error))

    def give_back(self) -> None:
        self.written.append("given back")

    def lose(self, error: str) -> None:
        self.written.append(error)

    def diagnose(self) -> None:
        self.diagnosed.set()


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a program as a child: its control line is its input, its status goes to the pipe."""
    processes: list[subprocess.Popen[bytes]] = []

    def launch(program: str) -> Child:
        near, far = socket.socketpair()
        status_read, status_write = os.pipe()
        process = subprocess.Popen([sys.executable, "-c", program], stdin=far.fileno())
        processes.append(process)
        far.close()

        def report() -> None:
            code = process.wait()
            os.write(status_write, b"%d\n" % code)
            os.close(status_write)

        near.settimeout(0)
        threading.Thread(target=report).start()
        return Child(control=near, status_fd=status_read, pid=process.pid)

    yield launch
    for process in processes:
        process.kill()
        process.wait()


def supervise(
    child: Child, records: Records, *, policy: Policy = PATIENT, stop: StopSignal | None = None
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
        policy=policy,
        check_up=at_once,
    ).watch()


def test_a_run_that_ends_well_is_written_by_its_child_alone(start: Start) -> None:
    records = Records()

    supervise(start("pass"), records)

    assert records.written == []


@pytest.mark.parametrize("code", [70, 72])
def test_a_child_that_leaves_without_an_end_is_queued_again(start: Start, code: int) -> None:
    records = Records()

    supervise(start(f"import sys; sys.exit({code})"), records)

    assert records.written == [f"The training process ended with exit code {code}."]


def test_a_child_that_a_signal_kills_is_queued_again_and_charged(start: Start) -> None:
    records = Records()

    supervise(start("import os; os.kill(os.getpid(), 9)"), records)

    assert records.written == ["The training process was killed by SIGKILL."]


def test_a_fenced_child_leaves_nothing_to_write(start: Start) -> None:
    records = Records()

    supervise(start("import sys; sys.exit(75)"), records)

    assert records.written == []


def test_a_cancelled_child_ends_by_itself_when_it_can(start: Start) -> None:
    records = Records(beats=[False, True])

    supervise(start(OBEDIENT.format(code=0)), records)

    assert records.written == []


def test_a_cancelled_child_that_does_not_listen_is_killed(start: Start) -> None:
    records = Records(beats=[True])
    child = start(STUBBORN)

    supervise(child, records, policy=Policy(heartbeat_s=0.02, cancel_grace_s=0.05))

    assert records.written == [(StopReason.CANCELLED, None)]
    assert child.exit_code == -signal.SIGKILL


def test_a_fenced_supervisor_kills_its_child_and_writes_nothing(start: Start) -> None:
    records = Records(beats=[Fenced()])
    child = start(STUBBORN)

    supervise(child, records)

    assert records.written == []
    assert child.exit_code == -signal.SIGKILL


def test_a_worker_that_stops_gives_its_run_back_uncharged(start: Start) -> None:
    stop, records = StopSignal(), Records()
    child = start(STUBBORN)
    stop.set()

    supervise(child, records, stop=stop, policy=Policy(heartbeat_s=600))

    assert records.written == ["given back"]
    assert child.exit_code == -signal.SIGKILL


def test_a_child_that_makes_no_progress_is_ended(start: Start) -> None:
    records = Records()

    supervise(start(STUBBORN), records, policy=Policy(heartbeat_s=0.02, stall_s=0.1))

    assert records.written == [(StopReason.CRASHED, "Training did not move for 0.1 s.")]


def test_an_outage_shorter_than_the_patience_changes_nothing(start: Start) -> None:
    records = Records(beats=[Unavailable(), Unavailable(), True])

    supervise(start(OBEDIENT.format(code=0)), records)

    assert records.written == []


def test_a_supervisor_that_hears_nothing_of_the_database_lets_go(start: Start) -> None:
    records = Records(beats=[Unavailable()])
    child = start(STUBBORN)

    supervise(child, records, policy=Policy(heartbeat_s=0.02, max_outage_s=0.1))

    assert records.written == []
    assert child.exit_code == -signal.SIGKILL


def test_a_run_in_progress_is_diagnosed(start: Start) -> None:
    records = Records(beats=[False, False, True])

    supervise(
        start(OBEDIENT.format(code=0)),
        records,
        policy=Policy(heartbeat_s=0.02, diagnose_every_s=0),
    )

    assert records.diagnosed.is_set()


@pytest.mark.parametrize(
    ("view", "decision"),
    [
        (View(is_cancel_requested=False), Decision.GO_ON),
        (View(is_cancel_requested=True), Decision.CANCEL),
        (View(is_cancel_requested=True, since_cancel_s=1), Decision.GO_ON),
        (View(is_cancel_requested=True, since_cancel_s=30), Decision.END_CANCELLED),
        (View(since_progress_s=1800), Decision.END_STALLED),
        (View(since_heartbeat_s=600), Decision.ABANDON),
    ],
)
def test_a_look_at_a_run_decides_what_happens(view: View, decision: Decision) -> None:
    assert decide(view, Policy(cancel_grace_s=30)) is decision


def test_a_heartbeat_says_that_training_waits_for_the_database_until_it_moves(
    start: Start,
) -> None:
    records = Records(beats=[*[False] * 40, True])
    says = "import socket, time; line = socket.socket(fileno=0); line.send(b'.w'); "
    says += "time.sleep(.2); line.send(b'.'); time.sleep(60)"

    supervise(start(says), records, policy=Policy(heartbeat_s=0.02, cancel_grace_s=0))

    assert True in records.waits
    assert not records.waits[-1]
