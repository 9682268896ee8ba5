"""Loops take turns, and what breaks one is told."""

import time
from itertools import count

import pytest

from bench.turns import Turns, take_turns


def test_each_loop_works_a_few_steps_while_the_others_wait() -> None:
    worked: list[str] = []

    def work(name: str, turns: Turns) -> None:
        for _ in range(7):
            turns.before_step()
            worked.append(name)

    take_turns(
        {"a": lambda turns: work("a", turns), "b": lambda turns: work("b", turns)},
        time.perf_counter,
        steps_a_turn=3,
    )
    assert "".join(worked) == "aaabbbaaabbbab"


def test_a_clock_stands_while_others_work() -> None:
    ticks = count()
    shown: dict[str, float] = {}

    def work(name: str, num_ticks: int, turns: Turns) -> None:
        for _ in range(5):
            turns.before_step()
            for _ in range(num_ticks - 1):
                next(ticks)
        shown[name] = turns.worked_s()

    seconds = take_turns(
        {"quick": lambda turns: work("quick", 1, turns), "slow": lambda t: work("slow", 9, t)},
        lambda: float(next(ticks)),
        steps_a_turn=2,
    )
    assert seconds == {"quick": [1.0, 1.0], "slow": [17.0, 17.0]}
    assert shown["slow"] - shown["quick"] == 8 * 5


def test_a_loop_that_breaks_leaves_the_others_their_turns() -> None:
    ended: list[str] = []

    def breaks(turns: Turns) -> None:
        turns.before_step()
        raise ArithmeticError

    def works(turns: Turns) -> None:
        for _ in range(4):
            turns.before_step()
        ended.append("works")

    with pytest.raises(ArithmeticError):
        take_turns({"breaks": breaks, "works": works}, time.perf_counter, steps_a_turn=1)
    assert ended == ["works"]
