"""Keeps the results of experiments in a file of JSON, and writes the page that people read."""

import fcntl
import json
import os
import platform
import subprocess
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from tests.faults.results import Figure, Result

ROOT = Path(__file__).parents[2]
HEAD = """\
# Reliability: what was broken on purpose, and what came of it

Written by `make chaos`; edited by hand never. Each experiment breaks a whole clinic on one machine
(PostgreSQL, a broker, the API, workers, the TCP between them) and then compares every run with one
of the same job spec that nothing disturbed: each reading that is not a time, in value and number;
the order of its batches and events; the SHA-256 of its final weights. The seed decides what is
broken when; the machine decides what that hits, so that a seed repeats an experiment, not each of
its accidents. `make chaos EXPERIMENTS="zombies" SEED=1` carries out one of them again.
"""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One experiment that was carried out."""

    title: str
    claim: str
    passed: bool
    seed: int
    commit: str
    finished_at: str
    seconds: float
    machine: str
    figures: Mapping[str, Figure]
    complaints: list[str]


def entry_of(title: str, claim: str, result: Result, *, seed: int, began_s: float) -> Entry:
    """`began_s` is monotonic."""
    return Entry(
        title=title,
        claim=claim,
        passed=result.passed,
        seed=seed,
        commit=_commit(),
        finished_at=time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        seconds=round(time.monotonic() - began_s, 1),
        machine=_machine(),
        figures=dict(result.figures),
        complaints=list(result.complaints),
    )


def keep(entry: Entry, *, name: str, source: Path) -> None:
    """Put it in the place of an earlier one, and write the page beside the file anew."""
    source.parent.mkdir(parents=True, exist_ok=True)
    with source.open("a+") as file:
        # experiments may run side by side
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        entries = json.loads(file.read() or "{}") | {name: asdict(entry)}
        file.seek(0)
        file.truncate()
        json.dump(entries, file, indent=1, sort_keys=True, ensure_ascii=False)
        file.write("\n")
        page = render({key: Entry(**fields) for key, fields in sorted(entries.items())})
        source.with_suffix(".md").write_text(page)


def render(entries: Mapping[str, Entry]) -> str:
    rows = [
        f"| [{entry.title}](#{name}) | {_verdict(entry)} | `{entry.commit}` | {entry.seed} "
        f"| {entry.seconds:.0f} | {entry.finished_at} |"
        for name, entry in entries.items()
    ]
    summary = [
        "| experiment | passed | commit | seed | seconds | finished |",
        "|---|---|---|---|---|---|",
        *rows,
    ]
    sections = [_section(name, entry) for name, entry in entries.items()]
    return "\n".join([HEAD, *summary, "", *sections])


def _section(name: str, entry: Entry) -> str:
    figures = [f"| {words} | {figure} |" for words, figure in entry.figures.items()]
    complaints = [f"- {words}" for words in entry.complaints]
    lines = [
        f'<a id="{name}"></a>',
        f"## {entry.title}",
        "",
        f"{entry.claim} **{_verdict(entry).capitalize()}.** On {entry.machine}.",
        "",
        "| figure | value |",
        "|---|---|",
        *figures,
        "",
        *([*complaints, ""] if complaints else []),
    ]
    return "\n".join(lines)


def _verdict(entry: Entry) -> str:
    return "passed" if entry.passed else "FAILED"


def _commit() -> str:
    """With a plus when the tree is not what was committed."""
    commit = _git("rev-parse", "--short=12", "HEAD")
    changed = [line for line in _git("status", "--porcelain").splitlines() if "docs/" not in line]
    return f"{commit}{'+' if changed else ''}"


def _git(*arguments: str) -> str:
    found = subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return found.stdout.strip() or "unknown" if arguments[0] == "rev-parse" else found.stdout


def _machine() -> str:
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{platform.system()} {platform.machine()}, {len(os.sched_getaffinity(0))} cores, "
        f"{memory_gib:.0f} GiB, Python {platform.python_version()}, torch {version('torch')}, "
        f"load average {os.getloadavg()[2]:.1f}"
    )
