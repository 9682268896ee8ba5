"""Measures on a GPU all that docs/gpu.md tells: see run.sh, which prepares what this imports.

This process never wakes CUDA: each part does, in a child of its own.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy.ma  # noqa: F401 - the forkserver imports it as well, before it forks
import torch
import torch._dynamo

from bench.gpu.conditions import Conditions
from bench.gpu.isolation import carry_out
from bench.gpu.page import MARKS, page, verdicts_of
from bench.gpu.parts import PARTS

DEFAULT = Path(__file__).resolve().parents[2] / "docs" / "gpu.json"


def main() -> int:
    """Zero where every part ended and every verdict is right."""
    asked = _arguments()
    # as the forkserver has it: cuBLAS reads it when CUDA wakes up
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":16:8")
    conditions = Conditions(device=torch.device(asked.device), is_quick=asked.quick)
    document: dict[str, Any] = {
        "date": asked.date,
        "command": "bench/gpu/run.sh " + " ".join(sys.argv[1:]),
        "parts": {},
    }
    deadline_s = time.monotonic() + asked.limit
    wrong = 0
    for part in (part for part in PARTS if part.name in asked.parts):
        print(f"== {part.title}", flush=True)
        left_s = max(5.0, deadline_s - time.monotonic())
        found = carry_out(part, conditions, limit_s=min(part.limit_s, left_s))
        document["parts"][part.name] = {
            "rows": found.rows,
            "failure": found.failure,
            "seconds": found.seconds,
        }
        wrong += _told(document, part.name)
        # after each part: whoever stops this has what was measured until then
        _write(document, asked.json)
    print(f"{wrong} wrong; written to {asked.json}", flush=True)
    return 1 if wrong else 0


def _told(document: Mapping[str, Any], name: str) -> int:
    """Print what one part found. Returns how much of it is wrong."""
    part = next(part for part in PARTS if part.name == name)
    found = document["parts"][name]
    verdicts = verdicts_of(part, found)
    for one in verdicts:
        print(f"{MARKS[one.is_right].strip('*')}: {one.sentence}", flush=True)
    if found["failure"] is not None:
        print(found["failure"], flush=True)
    print(f"-- {part.name}: {found['seconds']} s", flush=True)
    return sum(one.is_right is False for one in verdicts)


def _write(document: Mapping[str, Any], target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(document, indent=1, ensure_ascii=False)
    target.write_text(text + "\n", encoding="utf-8")
    target.with_suffix(".md").write_text(page(json.loads(text)), encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/gpu/run.sh", description=__doc__)
    names = [part.name for part in PARTS]
    parser.add_argument("--json", type=Path, default=DEFAULT, help="the page goes beside it")
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--quick", action="store_true", help="for a test of this program")
    parser.add_argument("--parts", nargs="+", choices=names, default=names)
    parser.add_argument("--limit", type=float, default=345.0, help="seconds of all parts")
    parser.add_argument("--date", default=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
