"""The worker's forkserver holds no reader of files, whose threads and pages no run needs."""

import subprocess
import sys

_PROGRAM = """
import sys
import worker.supervision.forkserver

print([name for name in sys.modules if name.partition(".")[0] in {"pyarrow", "polars", "pandas"}])
"""


def test_no_reader_of_files_is_imported_by_a_worker() -> None:
    found = subprocess.run(
        [sys.executable, "-c", _PROGRAM], check=True, capture_output=True, text=True
    )

    assert found.stdout.strip() == "[]"


def test_the_api_imports_no_reader_of_files() -> None:
    program = _PROGRAM.replace("worker.supervision.forkserver", "app.main")

    found = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )

    assert found.stdout.strip() == "[]"
