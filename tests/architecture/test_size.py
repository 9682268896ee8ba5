"""A file is a page and a function is a paragraph."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAX_FILE_LINES = 300
MAX_TEST_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
SERVICE_FOLDERS = ("app", "worker", "migrations", "bench", "docs")


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def function_lengths(source: str) -> dict[str, int]:
    """Lines of each function without its docstring."""
    lengths = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or 0) - node.lineno + 1
            if ast.get_docstring(node):
                docstring = node.body[0]
                lines -= (docstring.end_lineno or 0) - docstring.lineno + 1
            lengths[node.name] = lines
    return lengths


@pytest.mark.parametrize(
    "path", sources(*SERVICE_FOLDERS), ids=lambda path: str(path.relative_to(ROOT))
)
def test_a_file_of_the_service_is_a_page(path: Path):
    assert path.read_text().count("\n") <= MAX_FILE_LINES


@pytest.mark.parametrize("path", sources("tests"), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_of_tests_is_a_long_page(path: Path):
    assert path.read_text().count("\n") <= MAX_TEST_FILE_LINES


@pytest.mark.parametrize(
    "path", sources(*SERVICE_FOLDERS, "tests"), ids=lambda path: str(path.relative_to(ROOT))
)
def test_a_function_is_a_paragraph(path: Path):
    long = {
        name: lines
        for name, lines in function_lengths(path.read_text()).items()
        if lines > MAX_FUNCTION_LINES
    }

    assert long == {}


def test_every_module_says_what_it_is_for():
    silent = [
        path.relative_to(ROOT)
        for path in sources(*SERVICE_FOLDERS)
        if path.read_text().strip() and not ast.get_docstring(ast.parse(path.read_text()))
    ]

    assert silent == []


def test_a_function_too_long_is_seen():
    body = "\n".join("    x = 1" for _ in range(MAX_FUNCTION_LINES))

    assert function_lengths(f"def long():\n{body}\n")["long"] == MAX_FUNCTION_LINES + 1
