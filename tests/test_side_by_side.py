"""Where several processes test, one that bounds a time waits for the others, and they for it."""

import fcntl
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.side_by_side import FIRST, ON_ONE_SITE, TESTS, Dealer, SideBySide, place
from tests.workers import wait_until


def test_tests_run_side_by_side(tmp_path: Path) -> None:
    # a lock knows who opened its file, not which process that was
    one, other = SideBySide(tmp_path), SideBySide(tmp_path)

    with one.entered(fcntl.LOCK_SH), other.entered(fcntl.LOCK_SH):
        pass


def test_who_bounds_a_time_waits_for_those_before_and_nobody_slips_past(tmp_path: Path) -> None:
    here, alone, late = (SideBySide(tmp_path) for _ in range(3))
    order: list[str] = []

    def enter(process: SideBySide, how: int, name: str) -> None:
        with process.entered(how):
            order.append(name)

    with ThreadPoolExecutor(2) as pool:
        with here.entered(fcntl.LOCK_SH):
            first = pool.submit(enter, alone, fcntl.LOCK_EX, "alone")
            wait_until(lambda: is_locked(tmp_path / "door"))
            second = pool.submit(enter, late, fcntl.LOCK_SH, "late")
            order.append("here")
        first.result(10)
        second.result(10)

    assert order == ["here", "alone", "late"]


def is_locked(path: Path) -> bool:
    """Somebody stands in the door, or has the room to himself."""
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def test_the_long_ones_come_first() -> None:
    assert place(TESTS / "faults" / "test_experiments.py") < place(TESTS / "worker" / "any.py")
    assert place(TESTS / "worker" / "any.py") < place(TESTS / "domain" / "test_series.py")


@pytest.mark.parametrize("name", FIRST)
def test_what_comes_first_is_there(name: str) -> None:
    assert (TESTS / name).exists()


def test_files_on_one_site_go_to_one_process_and_others_alone() -> None:
    dealer = Dealer.__new__(Dealer)  # it deals by the name alone

    shared = {dealer._split_scope(f"tests/{name}::test_it") for name in ON_ONE_SITE}
    others = {dealer._split_scope(f"tests/{name}::test_it") for name in ("a.py", "faults/b.py")}

    assert len(ON_ONE_SITE) > 1
    assert len(shared) == 1
    assert others == {"tests/a.py", "tests/faults/b.py"}
