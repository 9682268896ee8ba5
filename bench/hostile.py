"""Checks damaged real files in bounded processes, and tallies what came of them.

    python -m bench.hostile              200 files
    python -m bench.hostile 5000 17      5,000 files from seed 17 on

Ends with 1 where a check needed more memory or time than its bounds, died, or refused a file
without its place.
"""

import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from tempfile import TemporaryFile

from app.domain.datasets import UPLOAD_CODES
from app.domain.errors import ClinicError, InvalidData
from app.domain.reader_options import ReaderOptions
from app.domain.uploads import CheckRequest
from app.upload_checks.forkserver import ForkServer
from bench.hostile_files import HostileFile, hostile_file

#: Addresses of one check. The libraries that it imports have 1 GiB of them.
MAX_BYTES = 3 * 2**29
MAX_CPU_S = 5
_LISTS = frozenset({"na", "sentinels"})


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of one file."""

    seed: int
    story: str
    #: `read`, or the code of the first problem, or what went wrong.
    name: str
    is_fault: bool
    wall_s: float


def outcomes(seeds: range) -> Iterator[Outcome]:
    """Checks the files of all seeds."""
    server = ForkServer(max_bytes=MAX_BYTES, max_cpu_s=MAX_CPU_S)
    try:
        for seed in seeds:
            file = hostile_file(seed)
            started = time.monotonic()
            name, is_fault = _checked(server, file)
            yield Outcome(
                seed=seed,
                story=f"{file.story} {dict(file.query)}",
                name=name,
                is_fault=is_fault,
                wall_s=time.monotonic() - started,
            )
    finally:
        server.close()


def _checked(server: ForkServer, file: HostileFile) -> tuple[str, bool]:
    given = {
        name: (value,) if name in _LISTS else value
        for name, value in file.query.items()
        if name != "kind"
    }
    options = ReaderOptions.model_validate(given)
    request = CheckRequest.model_validate({"kind": file.query["kind"], "options": options})
    with TemporaryFile() as content, TemporaryFile() as stored:
        content.write(file.content)
        content.flush()
        try:
            server.check(request, content, stored)
        except InvalidData as error:
            first = error.problems[0] if error.problems else None
            if first is None or not first.pointer or first.code not in UPLOAD_CODES:
                return f"refused without a place: {error.detail}", True
            return first.code, False
        except ClinicError as error:
            return f"{type(error).__name__}: {error.detail}", True
    return "read", False


def main(count: int = 200, first: int = 0) -> int:
    """Prints the tally and each fault."""
    found = list(outcomes(range(first, first + count)))
    for name, number in Counter(each.name for each in found if not each.is_fault).most_common():
        print(f"{number:6} {name}")
    slowest = max(found, key=lambda each: each.wall_s)
    print(f"slowest: seed {slowest.seed}, {slowest.wall_s:.2f} s, {slowest.story}")
    faults = [each for each in found if each.is_fault]
    for fault in faults:
        print(f"FAULT seed {fault.seed}: {fault.name} ({fault.story})")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
