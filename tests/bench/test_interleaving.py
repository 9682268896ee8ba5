"""Loops take slices, and what breaks one is told."""

import time
from itertools import count

import pytest

from bench.interleaving import Slices, interleave


def test_each_loop_works_a_few_steps_while_the_others_wait() -> None:
    worked: list[str] = []

    def work(name: str, slices: Slices) -> None:
        for _ in range(7):
            slices.before_step()
            worked.append(name)

    interleave(
        {"a": lambda slices: work("a", slices), "b": lambda slices: work("b", slices)},
        time.perf_counter,
        steps_per_slice=3,
    )
    assert "".join(worked) == "aaabbbaaabbbab"


def test_a_clock_stands_while_others_work() -> None:
    ticks = count()
    shown: dict[str, float] = {}

    def work(name: str, num_ticks: int, slices: Slices) -> None:
        for _ in range(5):
            slices.before_step()
            for _ in range(num_ticks - 1):
                next(ticks)
        shown[name] = slices.worked_s()

    seconds = interleave(
        {"quick": lambda slices: work("quick", 1, slices), "slow": lambda t: work("slow", 9, t)},
        lambda: float(next(ticks)),
        steps_per_slice=2,
    )
    assert seconds == {"quick": [1.0, 1.0], "slow": [17.0, 17.0]}
    assert shown["slow"] - shown["quick"] == 8 * 5


def test_a_loop_that_breaks_leaves_the_others_their_turns() -> None:
    ended: list[str] = []

    def breaks(slices: Slices) -> None:
        slices.before_step()
        raise ArithmeticError

    def works(slices: Slices) -> None:
        for _ in range(4):
            slices.before_step()
        ended.append("works")

    with pytest.raises(ArithmeticError):
        interleave({"breaks": breaks, "works": works}, time.perf_counter, steps_per_slice=1)
    assert ended == ["works"]
