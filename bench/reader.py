"""How fast uploads are read and described on one core, and in how much memory.

    python -m bench.reader            all files
    python -m bench.reader narrow     one of them

Each file is checked in a process of its own. Memory is the largest resident set, less what the
process had before it held the file, as a multiple of the file's size; the file itself counts.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from app.domain.uploads import CheckRequest
from app.reading.check_upload import check_upload

MIB = 2**20


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What the check of one file took."""

    num_bytes: int
    cpu_s: float
    memory_ratio: float

    @property
    def mib_per_s(self) -> float:
        return self.num_bytes / MIB / self.cpu_s


def panel(num_rows: int = 500_000) -> bytes:
    """Six columns: time, text, whole numbers and decimals."""
    rng = np.random.default_rng(0)
    start = np.datetime64("2015-01-01T00:00:00")
    minutes = (start + np.arange(num_rows) * np.timedelta64(60, "s")).astype(str)
    columns = (
        np.char.replace(minutes, "T", " "),
        np.char.add("s", rng.integers(0, 20, num_rows).astype(str)),
        np.char.mod("%.3f", rng.normal(size=num_rows).cumsum()),
        rng.integers(0, 1000, num_rows).astype(str),
        np.char.mod("%.6f", rng.random(num_rows)),
        np.char.mod("%.1f", rng.normal(20, 5, num_rows)),
    )
    rows = map(",".join, zip(*(column.tolist() for column in columns), strict=True))
    return ("time,shop,a,b,c,d\n" + "\n".join(rows) + "\n").encode()


def narrow(num_bytes: int = 62 * MIB) -> bytes:
    """Two columns of short numbers."""
    block = "".join(f"{row},{row * 7919 % 100 / 10}\n" for row in range(100_000)).encode()
    return b"t,x\n" + block * (num_bytes // len(block))


def digits(num_bytes: int = 62 * MIB) -> bytes:
    """One column of single digits: the most cells that a file can have."""
    return b"x\n" + b"1\n2\n3\n4\n5\n6\n7\n8\n" * (num_bytes // 16)


def wide(num_rows: int = 5000) -> bytes:
    """A thousand columns."""
    numbers = np.random.default_rng(0).normal(size=(num_rows, 1000))
    rows = (",".join(f"{value:.4f}" for value in row) for row in numbers)
    return (",".join(f"c{index}" for index in range(1000)) + "\n" + "\n".join(rows)).encode()


def european(num_rows: int = 500_000) -> bytes:
    """Dates with the day first, decimal commas and percent signs."""
    rows = (
        f"{row % 28 + 1}.{row % 12 + 1}.2020 {row % 24}:00;{row % 1000},5;{row % 90} %\n"
        for row in range(num_rows)
    )
    return ("day;load;share\n" + "".join(rows)).encode()


def excel(num_rows: int = 500_000) -> bytes:
    """A time a row as `dd/mm/yyyy hh:mm`, and two columns with decimal commas."""
    rng = np.random.default_rng(0)
    days = np.datetime64("2015-01-01") + np.arange(num_rows // 1440 + 1)
    texts = [f"{day[8:]}/{day[5:7]}/{day[:4]}" for day in days.astype(str).tolist()]
    loads = rng.normal(size=num_rows).cumsum().tolist()
    rows = (
        f"{texts[row // 1440]} {row // 60 % 24:02d}:{row % 60:02d};"
        f"{load:.3f};{row % 1000}.5\n".replace(".", ",")
        for row, load in enumerate(loads)
    )
    return ("time;load;share\n" + "".join(rows)).encode()


FILES: Mapping[str, Callable[[], bytes]] = {
    "panel": panel,
    "narrow": narrow,
    "digits": digits,
    "wide": wide,
    "european": european,
    "excel": excel,
}


def cost_of(content: bytes) -> Cost:
    """Checks a file in a process of its own."""
    command = [sys.executable, "-c", "from bench.reader import check_input; check_input()"]
    # as in the process that checks uploads
    env = {**os.environ, "MIMALLOC_ARENA_EAGER_COMMIT": "0"}
    answer = subprocess.run(command, input=content, capture_output=True, check=True, env=env)  # noqa: S603 - our own module
    return Cost(**json.loads(answer.stdout))


def check_input() -> None:
    """Checks the file on standard input and prints its cost as JSON."""
    request = CheckRequest(kind="csv")
    check_upload(request, b"a,b\n1,x\n")  # what the first check starts and imports
    before = _forget_peak()
    content = sys.stdin.buffer.read()
    started = time.process_time()
    check_upload(request, content)
    cpu_s = time.process_time() - started
    ratio = (_peak_bytes() - before) / len(content)
    print(json.dumps(asdict(Cost(num_bytes=len(content), cpu_s=cpu_s, memory_ratio=ratio))))


def _forget_peak() -> int:
    """Makes the present resident set the largest, and returns it; the kernel of Linux alone can."""
    Path("/proc/self/clear_refs").write_text("5")
    return _peak_bytes()


def _peak_bytes() -> int:
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


if __name__ == "__main__":
    for name in sys.argv[1:] or FILES:
        cost = cost_of(FILES[name]())
        print(
            f"{name:10} {cost.num_bytes / MIB:6.1f} MiB {cost.cpu_s:6.2f} s "
            f"{cost.mib_per_s:6.0f} MiB/s, memory {cost.memory_ratio:.1f} times the file"
        )
