"""A program that dies is started again, sooner the healthier it was."""

import signal
import sys
import time
from pathlib import Path

import pytest

from app.processes import Command
from app.supervision.keeper import WELL_AFTER_S, Keeper, pause_before_start_s


def keeper_of(tmp_path: Path, source: str, said: list[str]) -> Keeper:
    command = Command(
        name="program",
        arguments=[sys.executable, "-c", source],
        log=tmp_path / "logs" / "program.log",
        environ={},
    )
    return Keeper(command=command, say=said.append)


def kill(keeper: Keeper) -> None:
    assert keeper.child is not None
    keeper.child.process.kill()
    keeper.child.process.wait()


def test_pauses_double_from_the_second_quick_death_to_half_a_minute():
    pauses = [pause_before_start_s(deaths) for deaths in (0, 1, 2, 3, 4, 20, 10_000)]

    assert pauses == [0.0, 0.0, 0.5, 1.0, 2.0, 30.0, 30.0]


def test_a_killed_program_is_started_at_once(tmp_path: Path):
    said: list[str] = []
    keeper = keeper_of(tmp_path, "import time; time.sleep(600)", said)
    keeper.tend(0.0)
    kill(keeper)

    keeper.tend(1.0)

    assert keeper.child is not None
    assert keeper.child.is_alive
    assert "exit status -9" in said[0]
    assert "program.log" in said[0]
    keeper.child.stop(within_s=5)


def test_a_program_that_dies_at_once_is_left_alone_for_a_while(tmp_path: Path):
    said: list[str] = []
    keeper = keeper_of(tmp_path, "raise SystemExit(3)", said)
    for now_s in (0.0, 0.1):
        keeper.tend(now_s)
        assert keeper.child is not None
        keeper.child.process.wait()

    keeper.tend(0.2)
    keeper.tend(0.3)

    assert keeper.child is None
    assert keeper.start_at_s == pytest.approx(0.7)
    assert len(said) == 2


def test_a_death_after_a_long_life_counts_as_the_first(tmp_path: Path):
    keeper = keeper_of(tmp_path, "import time; time.sleep(600)", [])
    keeper.num_quick_deaths = 5
    keeper.tend(0.0)
    kill(keeper)

    keeper.tend(WELL_AFTER_S)

    assert keeper.num_quick_deaths == 1
    assert keeper.child is not None
    keeper.child.stop(within_s=5)


def test_a_program_deaf_to_the_signal_is_killed_when_its_time_is_up(tmp_path: Path):
    source = (
        "import signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "print('deaf', flush=True); time.sleep(600)"
    )
    keeper = keeper_of(tmp_path, source, [])
    keeper.tend(0.0)
    assert keeper.child is not None
    deadline = time.monotonic() + 10
    while "deaf" not in keeper.command.log.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.01)

    keeper.child.stop(within_s=0.1)

    assert keeper.child.process.returncode == -signal.SIGKILL


def test_what_a_program_writes_stands_in_its_log(tmp_path: Path):
    keeper = keeper_of(tmp_path, "import sys; print('out'); print('err', file=sys.stderr)", [])
    keeper.tend(0.0)
    assert keeper.child is not None
    keeper.child.process.wait()

    assert sorted(keeper.command.log.read_text().split()) == ["err", "out"]
