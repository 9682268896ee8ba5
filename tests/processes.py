"""Processes seen from outside, through /proc: who descends from whom, and who still runs."""

import time
from pathlib import Path

PROC = Path("/proc")


def is_running(pid: int) -> bool:
    """Whether it runs: a dead process that nobody reaped does not."""
    return _status(pid) not in {None, "Z", "X"}


def descendants(pid: int) -> set[int]:
    """All processes below one, at this moment."""
    children: dict[int, set[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdecimal() and (fields := _fields(int(entry.name))):
            children.setdefault(int(fields[1]), set()).add(int(entry.name))
    found: set[int] = set()
    frontier = {pid}
    while frontier:
        frontier = set().union(*(children.get(one, set()) for one in frontier)) - found
        found |= frontier
    return found


def command_line(pid: int) -> str:
    try:
        return (PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def wait_until_dead(*pids: int, within_s: float) -> None:
    deadline = time.monotonic() + within_s
    while alive := [f"{pid} {command_line(pid)}" for pid in pids if is_running(pid)]:
        assert time.monotonic() < deadline, f"still running: {alive}"
        time.sleep(0.02)


def _status(pid: int) -> str | None:
    fields = _fields(pid)
    return fields[0] if fields else None


def _fields(pid: int) -> list[str]:
    """What follows the name in /proc/<pid>/stat: state, parent …; nothing when it is gone."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
