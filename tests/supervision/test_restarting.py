"""A program that ends is started again, after pauses that grow while it ends quickly."""

import signal
import sys
import time
from pathlib import Path

import pytest

from app.processes import Command
from app.supervision.restarting import LONG_RUN_S, RestartedProgram, pause_before_start_s


def program_of(tmp_path: Path, source: str, said: list[str]) -> RestartedProgram:
    command = Command(
        name="program",
        arguments=[sys.executable, "-c", source],
        log=tmp_path / "logs" / "program.log",
        environ={},
    )
    return RestartedProgram(command=command, say=said.append)


def kill(program: RestartedProgram) -> None:
    assert program.child is not None
    program.child.process.kill()
    program.child.process.wait()


def test_pauses_double_from_the_second_quick_end_to_half_a_minute():
    pauses = [pause_before_start_s(ends) for ends in (0, 1, 2, 3, 4, 20, 10_000)]

    assert pauses == [0.0, 0.0, 0.5, 1.0, 2.0, 30.0, 30.0]


def test_a_killed_program_is_started_at_once(tmp_path: Path):
    said: list[str] = []
    program = program_of(tmp_path, "import time; time.sleep(600)", said)
    program.start_if_due(0.0)
    kill(program)

    program.start_if_due(1.0)

    assert program.child is not None
    assert program.child.is_alive
    assert "exit status -9" in said[0]
    assert "program.log" in said[0]
    program.child.stop(within_s=5)


def test_a_program_that_ends_at_once_is_started_after_a_pause(tmp_path: Path):
    said: list[str] = []
    program = program_of(tmp_path, "raise SystemExit(3)", said)
    for now_s in (0.0, 0.1):
        program.start_if_due(now_s)
        assert program.child is not None
        program.child.process.wait()

    program.start_if_due(0.2)
    program.start_if_due(0.3)

    assert program.child is None
    assert program.start_at_s == pytest.approx(0.7)
    assert len(said) == 2


def test_an_end_after_a_long_run_counts_as_the_first(tmp_path: Path):
    program = program_of(tmp_path, "import time; time.sleep(600)", [])
    program.num_quick_ends = 5
    program.start_if_due(0.0)
    kill(program)

    program.start_if_due(LONG_RUN_S)

    assert program.num_quick_ends == 1
    assert program.child is not None
    program.child.stop(within_s=5)


def test_a_program_that_ignores_the_signal_is_killed_after_its_time(tmp_path: Path):
    source = (
        "import signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "print('deaf', flush=True); time.sleep(600)"
    )
    program = program_of(tmp_path, source, [])
    program.start_if_due(0.0)
    assert program.child is not None
    deadline = time.monotonic() + 10
    while "deaf" not in program.command.log.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.01)

    program.child.stop(within_s=0.1)

    assert program.child.process.returncode == -signal.SIGKILL


def test_what_a_program_writes_is_in_its_log(tmp_path: Path):
    program = program_of(tmp_path, "import sys; print('out'); print('err', file=sys.stderr)", [])
    program.start_if_due(0.0)
    assert program.child is not None
    program.child.process.wait()

    assert sorted(program.command.log.read_text().split()) == ["err", "out"]
