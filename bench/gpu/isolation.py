"""Runs one part in a forked child, as the forkserver does with a run, under a time limit.

A kernel that fails leaves its process unable to use the GPU, and a deadlock ends by itself never:
neither costs more than the part that it happens in.
"""

import faulthandler
import json
import multiprocessing
import os
import signal
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass, replace
from pathlib import Path

from bench.gpu.conditions import Conditions, Row
from bench.gpu.parts import Part
from worker.training.determinism import settle_kernels

#: Of each end of a failure: an exception tells the most last, faulthandler first.
MAX_CHARACTERS = 2500
#: The child's last words before it is killed.
GRACE_S = 3.0


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a part has measured, whole or up to its failure."""

    rows: tuple[Row, ...]
    #: None where all went well.
    failure: str | None
    seconds: float


def carry_out(part: Part, conditions: Conditions, *, limit_s: float) -> Found:
    """The rows come one by one through a file, so that those before a failure are kept."""
    conditions = replace(conditions, limit_s=limit_s)
    started_s = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        rows, failure = Path(folder) / "rows", Path(folder) / "failure"
        rows.touch()
        child = multiprocessing.get_context("fork").Process(
            target=_work, args=(part, conditions, rows, failure)
        )
        child.start()
        child.join(limit_s + GRACE_S)
        if child.is_alive():
            os.kill(child.pid or 0, signal.SIGKILL)
            child.join()
        words = failure.read_text(encoding="utf-8") if failure.exists() else ""
        if child.exitcode and not words:
            words = f"The process ended with code {child.exitcode}."
        found = [json.loads(line) for line in rows.read_text(encoding="utf-8").splitlines()]
    seconds = round(time.monotonic() - started_s, 1)
    return Found(rows=tuple(found), failure=_ends(words) or None, seconds=seconds)


def _ends(words: str) -> str:
    if len(words) <= 2 * MAX_CHARACTERS:
        return words
    return f"{words[:MAX_CHARACTERS]}\n…\n{words[-MAX_CHARACTERS:]}"


def _work(part: Part, conditions: Conditions, rows: Path, failure: Path) -> None:
    with failure.open("w", encoding="utf-8") as last_words, rows.open("w", encoding="utf-8") as out:
        faulthandler.dump_traceback_later(conditions.limit_s, exit=True, file=last_words)
        try:
            settle_kernels(conditions.device, deterministic=True)
            for row in part.measure(conditions):
                line = json.dumps(row)
                print(f"  {line}"[:400], flush=True)
                out.write(line + "\n")
                out.flush()
        except BaseException:  # noqa: BLE001 - the edge of this process: it becomes a failure
            traceback.print_exc(file=last_words)
            last_words.flush()
            sys.stdout.flush()
            os._exit(1)
        faulthandler.cancel_dump_traceback_later()
