"""Turns are fair: one workspace, however busy, does not keep the others waiting."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from uuid import UUID, uuid4

import pytest

from app.domain.errors import Overloaded
from app.upload_checks.turns import FairTurns

BUSY, OTHER, THIRD = uuid4(), uuid4(), uuid4()
#: Far longer than any test takes.
WAIT_S = 60.0


class Callers:
    """Callers in threads of their own; each works until it is told to end."""

    def __init__(self, turns: FairTurns) -> None:
        self._turns = turns
        self.began: list[UUID] = []
        self._change = threading.Condition()
        self._ends: list[threading.Event] = []
        self._threads: list[threading.Thread] = []

    def call(self, workspace_id: UUID) -> None:
        """Starts a caller, and returns when it works or waits."""
        end = threading.Event()
        has_come = threading.Event()

        def work() -> None:
            turn = self._turns.turn(workspace_id)
            threading.Timer(0.05, has_come.set).start()
            with turn:
                with self._change:
                    self.began.append(workspace_id)
                    self._ends.append(end)
                    self._change.notify_all()
                has_come.set()
                end.wait()

        thread = threading.Thread(target=work)
        thread.start()
        self._threads.append(thread)
        has_come.wait()

    def end(self, position: int) -> None:
        """Ends the turn of the caller that began as number `position`, counted from 0."""
        self._ends[position].set()

    def wait_for(self, count: int) -> list[UUID]:
        """Returns the workspaces of the turns so far when `count` have begun."""
        with self._change:
            assert self._change.wait_for(lambda: len(self.began) >= count, timeout=WAIT_S)
            return list(self.began)

    def finish(self) -> None:
        for position in range(len(self._threads)):
            self.wait_for(position + 1)
            self.end(position)
        for thread in self._threads:
            thread.join()


@contextmanager
def callers_of(turns: FairTurns) -> Iterator[Callers]:
    callers = Callers(turns)
    with ExitStack() as stack:
        stack.callback(callers.finish)
        yield callers


def test_one_workspace_takes_only_its_part_of_the_turns() -> None:
    with callers_of(FairTurns(most=2, most_each=1, wait_s=WAIT_S)) as callers:
        for workspace_id in (BUSY, BUSY, BUSY, OTHER):
            callers.call(workspace_id)

        assert callers.wait_for(2) == [BUSY, OTHER]


def test_workspaces_alternate_however_many_callers_one_has() -> None:
    with callers_of(FairTurns(most=1, most_each=1, wait_s=WAIT_S)) as callers:
        for workspace_id in (BUSY, BUSY, BUSY, OTHER, THIRD, OTHER):
            callers.call(workspace_id)
        for position in range(5):
            callers.wait_for(position + 1)
            callers.end(position)

        assert callers.wait_for(6) == [BUSY, OTHER, THIRD, BUSY, OTHER, BUSY]


def test_a_caller_that_got_no_turn_in_time_is_refused_and_forgotten() -> None:
    turns = FairTurns(most=1, most_each=1, wait_s=0.05)

    with (
        turns.turn(BUSY),
        pytest.raises(Overloaded, match=r"within 0\.05 s"),
        turns.turn(OTHER),
    ):
        pass

    with turns.turn(OTHER):
        pass


def test_a_caller_that_failed_ends_its_turn() -> None:
    turns = FairTurns(most=1, most_each=1, wait_s=0.05)

    with pytest.raises(ValueError, match="broken"), turns.turn(BUSY):
        raise ValueError("broken")

    with turns.turn(OTHER):
        pass
