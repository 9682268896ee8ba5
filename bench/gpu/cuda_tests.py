"""The tests that need a GPU, by pytest in a process of its own.

Without our conftest, whose services a machine with a GPU need not have, and without our pytest
options: a warning of another torch than ours is listed, and fails nothing.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from bench.gpu.conditions import Conditions, Row, Verdict

ROOT = Path(__file__).resolve().parents[2]
MARK = "pytest.mark.cuda"
MAX_CHARACTERS = 3000


def measure(conditions: Conditions) -> Iterator[Row]:
    """A row for each test; raises where pytest itself fails."""
    tests = sorted(path for path in ROOT.joinpath("tests").rglob("test_*.py") if _is_marked(path))
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        done = _run(tests, report, limit_s=conditions.limit_s - 2)
        if done.returncode not in {0, 1} or not report.exists():
            raise RuntimeError(done.stdout[-MAX_CHARACTERS:] + done.stderr[-MAX_CHARACTERS:])
        yield from _rows(report)
        yield {"test": "summary", "outcome": "summary", "text": _shown(done.stdout)}


def _shown(text: str) -> str:
    """The end of it, with files named from the project's folder on."""
    return text.replace(f"{ROOT}/", "")[-MAX_CHARACTERS:]


def _is_marked(path: Path) -> bool:
    return MARK in path.read_text(encoding="utf-8")


def _run(
    tests: Sequence[Path], report: Path, *, limit_s: float
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - this interpreter, our own tests
        (
            *(sys.executable, "-m", "pytest", "-m", "cuda", "--noconftest", "--quiet"),
            *("-o", "addopts=", "-o", "filterwarnings=default", "--import-mode=importlib"),
            *("-p", "no:cacheprovider", "--durations=5", "--tb=short", f"--junitxml={report}"),
            *map(str, tests),
        ),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=limit_s,
        check=False,
    )


def _rows(report: Path) -> Iterator[Row]:
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - written by our own child process
        outcome, text = "passed", ""
        for child in case:
            if child.tag in {"failure", "error", "skipped"}:
                outcome = child.tag
                text = (child.get("message") or "") + "\n" + (child.text or "")
        yield {
            "test": f"{case.get('classname')}.{case.get('name')}",
            "outcome": outcome,
            "seconds": float(case.get("time") or 0),
            "text": _shown(text),
        }


def judge(rows: Sequence[Row]) -> Sequence[Verdict]:
    """All passed; without a GPU all are skipped."""
    outcomes = [row["outcome"] for row in rows if row["outcome"] != "summary"]
    bad = [row["test"] for row in rows if row["outcome"] in {"failure", "error"}]
    num_passed, num_skipped = outcomes.count("passed"), outcomes.count("skipped")
    text = f"{num_passed} passed, {len(bad)} failed, {num_skipped} skipped."
    verdicts = [Verdict(is_right=None if set(outcomes) == {"skipped"} else not bad, sentence=text)]
    verdicts += [Verdict(is_right=False, sentence=f"Failed: {test}") for test in bad]
    return verdicts
