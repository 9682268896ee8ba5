"""Processes seen from outside, through /proc: who descends from whom, and who still runs."""

import os
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


def peak_bytes(pid: int) -> int:
    """The largest resident size that the process has had."""
    lines = (PROC / str(pid) / "status").read_text().splitlines()
    (peak,) = (line for line in lines if line.startswith("VmHWM:"))
    return int(peak.split()[1]) * 1024


def resident_bytes(pid: int) -> int:
    """The present resident size of the process."""
    pages = int((PROC / str(pid) / "statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def num_descriptors(pid: int) -> int:
    """Open file descriptors of the process."""
    return len(list((PROC / str(pid) / "fd").iterdir()))


def main_thread_cpu_s(pid: int) -> float:
    """The CPU time of the main thread, which runs the event loop of an API process."""
    return int((PROC / str(pid) / "schedstat").read_text().split()[0]) / 1e9


def _status(pid: int) -> str | None:
    fields = _fields(pid)
    return fields[0] if fields else None


def _fields(pid: int) -> list[str]:
    """What follows the name in /proc/<pid>/stat: state, parent …; nothing when it is gone."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
