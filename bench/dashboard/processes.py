"""Processor time of processes, as Linux counts it."""

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
#: Places of a process' fields in its `stat` after the name: parent, own times, times of its ended
#: children.
_PARENT, _TIMES, _ENDED = 1, slice(11, 13), slice(13, 15)


def cpu_s(pid: int) -> float:
    """Returns the processor time of a process, of all below it and of those that have ended."""
    found = _fields()
    members = [pid]
    for member in members:
        members += [one for one, fields in found.items() if int(fields[_PARENT]) == member]
    ticks = sum(
        int(value)
        for member in members
        for part in (_TIMES, _ENDED)
        for value in found.get(member, [])[part]
    )
    return ticks / _TICKS


def below(pid: int, name: str) -> int:
    """Returns the first process below another whose program has this in its name."""
    found = _fields()
    members = [pid]
    for member in members:
        if name in _name(member):
            return member
        members += [one for one, fields in found.items() if int(fields[_PARENT]) == member]
    detail = f"no {name} runs"
    raise RuntimeError(detail)


def _fields() -> dict[int, list[str]]:
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                text = (folder / "stat").read_text()
            except OSError:  # it has ended
                continue
            found[int(folder.name)] = text.rpartition(")")[2].split()
    return found


def _name(pid: int) -> str:
    try:
        return (Path("/proc") / str(pid) / "comm").read_text()
    except OSError:
        return ""
