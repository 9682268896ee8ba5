"""Several processes share the test files: the long ones first, those that bound times alone."""

import fcntl
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from xdist.scheduler import LoadFileScheduling

TESTS = Path(__file__).parent
#: Folders and files that take longest, those that start programs before all; the others follow.
#: Nobody can be alone while a fixture of the fuzz is made, which takes most of its minute: it
#: starts with the first file, which bounds no time either.
FIRST = (
    "faults/test_experiments.py",
    "api/test_fuzz.py",
    "supervision",
    "faults/test_two_workers.py",
    "faults/test_outages.py",
    "faults/test_broker.py",
    "faults/test_one_worker.py",
    "faults/test_brakes.py",
    "faults/test_without_broker.py",
    "faults/test_reactions.py",
    "faults/test_trials.py",
    "faults/test_predictions.py",
    "faults/test_artifact_disk.py",
    "operations",
    "embedded",
    "worker",
    "numerics",
    "end_to_end",
)
#: The files whose tests share one clinic and its workers, which take seconds to start.
ON_ONE_SITE = frozenset(name for name in FIRST if name.startswith("faults/")) - {FIRST[0]}
#: The marker of a test that bounds a time: no other test runs while it does.
ALONE = "alone"


class SideBySide:
    """A plugin for each of the processes; its hooks see all tests, its locks are everybody's."""

    def __init__(self, folder: Path) -> None:
        """All processes of one run of the tests name the same folder."""
        self._door, self._room = folder / "door", folder / "room"

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: place(item.path))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self) -> Generator[None]:
        with self.entered(fcntl.LOCK_SH):
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None]:
        is_alone = item.get_closest_marker(ALONE) is not None
        with self.entered(fcntl.LOCK_EX if is_alone else fcntl.LOCK_SH):
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self) -> Generator[None]:
        with self.entered(fcntl.LOCK_SH):
            return (yield)

    @contextmanager
    def entered(self, how: int) -> Iterator[None]:
        """The block runs with the others (LOCK_SH), or while nobody else's does (LOCK_EX)."""
        with self._door.open("w") as door, self._room.open("w") as room:
            # who waits until the room is empty stands in the door: nobody slips past
            fcntl.flock(door, fcntl.LOCK_EX)
            fcntl.flock(room, how)
            fcntl.flock(door, fcntl.LOCK_UN)
            try:
                yield
            finally:
                # a child that was forked meanwhile holds the lock as well, until somebody lets go
                fcntl.flock(room, fcntl.LOCK_UN)


class Dealer(LoadFileScheduling):  # type: ignore[misc] # xdist ships no types
    """Deals files out to the processes, and those on one installation to one process."""

    def _split_scope(self, nodeid: str) -> str:
        file = str(super()._split_scope(nodeid))
        is_on_site = file.removeprefix(f"{TESTS.name}/") in ON_ONE_SITE
        return "those on one installation" if is_on_site else file


def place(path: Path) -> int:
    """Where the first entry of the list stands that is this file or above it."""
    name = path.relative_to(TESTS)
    return next((i for i, first in enumerate(FIRST) if name.is_relative_to(first)), len(FIRST))
