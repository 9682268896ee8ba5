"""The worker's forkserver and the API hold no reader of files.

No run needs its threads and pages, and the API has uploads read in processes of their own.
"""

import subprocess
import sys

import pytest


def imported_by(module: str) -> set[str]:
    """Names of all modules that importing this one imports, and of their packages."""
    program = f"import sys, {module}; print(*sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    names = found.stdout.split()
    return {".".join(parts[:n]) for parts in (name.split(".") for name in names) for n in (1, 2)}


def test_no_reader_of_files_is_imported_by_a_worker() -> None:
    found = imported_by("worker.supervision.forkserver")

    assert not found & {"pyarrow", "openpyxl", "polars", "pandas", "app.reading"}


def test_the_api_imports_no_reader_of_files() -> None:
    # histories are written with pyarrow, whose readers are modules of their own
    found = imported_by("app.main")

    readers = {"app.reading", "pyarrow.csv", "pyarrow.json", "pyarrow.dataset", "pyarrow.compute"}
    assert not found & {*readers, "polars", "pandas"}


@pytest.mark.parametrize("module", ["app.reading", "pyarrow.csv"])
def test_a_reader_would_be_found(module: str) -> None:
    found = imported_by("app.reading.check_upload")

    assert module in found
