"""The measurements for a GPU run whole on a CPU, and need nothing that such a machine lacks."""

import faulthandler
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
import torch

from bench.gpu.conditions import Conditions, Row
from bench.gpu.isolation import carry_out
from bench.gpu.page import page
from bench.gpu.parts import Part

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "bench" / "gpu" / "run.sh"
#: What a machine with PyTorch for a GPU has, as `collect.sh` takes for granted.
ON_SUCH_MACHINES = {
    *("torch", "torchgen", "functorch", "numpy", "scipy", "sklearn", "joblib", "threadpoolctl"),
    *("safetensors", "pytest", "py", "pluggy", "iniconfig", "packaging", "hypothesis"),
    *("sympy", "mpmath", "networkx", "filelock", "fsspec", "jinja2", "markupsafe", "setuptools"),
    *("psutil", "pygments", "sortedcontainers", "attr", "attrs", "yaml"),
}
#: Prints what the modules named in its arguments import from elsewhere than this repository and
#: the standard library.
IMPORTER = """
import importlib, sys, sysconfig
from pathlib import Path

for name in sys.argv[1:]:
    importlib.import_module(name)
site = Path(sysconfig.get_path("purelib"))
for name, module in sorted(sys.modules.items()):
    file = getattr(module, "__file__", None)
    if name.strip("_") == name and "." not in name and file and Path(file).is_relative_to(site):
        print(name)
"""


def run_on_a_cpu(target: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ("bash", SCRIPT, "--device", "cpu", "--quick", "--json", target, *arguments),
        env={**os.environ, "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def collected() -> set[str]:
    """Names of the libraries that `collect.sh` collects, as Python imports them."""
    text = (ROOT / "bench" / "gpu" / "collect.sh").read_text()
    names = text.partition("names=(")[2].partition(")")[0].split()
    return {name.removeprefix("python-").replace("-", "_") for name in names}


def imported_by(modules: Sequence[str]) -> set[str]:
    listed = subprocess.run(
        (sys.executable, "-c", IMPORTER, *modules),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(listed.stdout.split())


def test_every_part_is_measured_and_told(tmp_path: Path) -> None:
    target = tmp_path / "gpu.json"

    done = run_on_a_cpu(target)

    assert done.returncode == 0, done.stdout + done.stderr
    parts = json.loads(target.read_text())["parts"]
    assert {name for name, part in parts.items() if part["failure"] or not part["rows"]} == set()
    page = target.with_suffix(".md").read_text()
    assert page.count("\n## ") == len(parts)
    assert "Not applicable: on a CPU there is nothing to wait for." in page


def first_then(act: Callable[[], None]) -> Part:
    """A part that measures one row, then does something else."""

    def measure(conditions: Conditions) -> Iterator[Row]:
        yield {"device": str(conditions.device)}
        act()

    return Part(name="made", title="Made", limit_s=60, measure=measure, judge=lambda _: ())


def fail() -> None:
    raise ArithmeticError


@pytest.mark.parametrize(
    ("act", "limit_s", "told"),
    [
        (fail, 60.0, "ArithmeticError"),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), 60.0, "ended with code -9"),
        (lambda: time.sleep(600), 0.3, "Timeout (0:00:00.3"),
    ],
    ids=["raises", "dies", "hangs"],
)
def test_what_precedes_the_failure_of_a_part_is_kept(
    act: Callable[[], None], limit_s: float, told: str
) -> None:
    # pytest's own: a child that is forked under it could not set another
    faulthandler.cancel_dump_traceback_later()

    found = carry_out(first_then(act), Conditions(device=torch.device("cpu")), limit_s=limit_s)

    assert found.rows == ({"device": "cpu"},)
    assert found.failure is not None
    assert told in found.failure


def test_a_failed_part_is_wrong_on_the_page() -> None:
    part = {
        "rows": [{"cores": 2, "torch": "2"}],
        "failure": "Traceback\nValueError: no",
        "seconds": 1,
    }

    text = page({"date": "today", "command": "run.sh", "parts": {"machine": part}})

    assert "- **wrong**: The part failed: ValueError: no" in text


def test_its_libraries_are_collected_or_on_such_machines() -> None:
    tests = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in (ROOT / "tests").rglob("test_cuda*.py")
    ]

    needed = imported_by(["bench.gpu.run", "worker.supervision.forkserver", *tests])

    assert needed - ON_SUCH_MACHINES - collected() == set()


@pytest.mark.parametrize("name", ["run.sh", "collect.sh"])
def test_the_scripts_are_correct_bash(name: str) -> None:
    subprocess.run(("bash", "-n", SCRIPT.with_name(name)), check=True)
