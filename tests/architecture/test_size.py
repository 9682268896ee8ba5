"""A file is a page and a function is a paragraph."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
MAX_FILE_LINES = 300
MAX_TEST_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
#: Written by `make docs` and read as a table: a page is a measure of what people write.
GENERATED = ROOT / "app" / "domain" / "quantities" / "probed.py"
SERVICE_FOLDERS = ("app", "worker", "migrations", "bench", "docs")
Function = ast.FunctionDef | ast.AsyncFunctionDef


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def function_lengths(source: str) -> dict[str, int]:
    """Qualified name -> lines without the docstring; the longest where a name is defined again."""
    lengths: dict[str, int] = {}
    for name, node in functions(ast.parse(source)):
        lengths[name] = max(num_lines(node), lengths.get(name, 0))
    return lengths


def functions(tree: ast.AST, prefix: str = "") -> Iterator[tuple[str, Function]]:
    """Each function with its name as `__qualname__` has it."""
    for node in ast.iter_child_nodes(tree):
        within = prefix
        if isinstance(node, Function):
            yield prefix + node.name, node
            within = f"{prefix}{node.name}.<locals>."
        elif isinstance(node, ast.ClassDef):
            within = f"{prefix}{node.name}."
        yield from functions(node, within)


def num_lines(node: Function) -> int:
    lines = (node.end_lineno or 0) - node.lineno + 1
    if ast.get_docstring(node):
        docstring = node.body[0]
        lines -= (docstring.end_lineno or 0) - docstring.lineno + 1
    return lines


def too_long(paths: Iterable[Path], most: int) -> dict[str, int]:
    """Lines of the files that have more than `most`."""
    lines = {str(path.relative_to(ROOT)): path.read_text().count("\n") for path in paths}
    return {name: number for name, number in lines.items() if number > most}


def test_a_file_of_the_service_is_a_page():
    files = [path for path in sources(*SERVICE_FOLDERS) if path != GENERATED]

    assert len(files) > 500
    assert too_long(files, MAX_FILE_LINES) == {}


def test_a_file_of_tests_is_a_long_page():
    files = sources("tests")

    assert len(files) > 300
    assert too_long(files, MAX_TEST_FILE_LINES) == {}


def test_a_file_too_long_is_seen():
    path = ROOT / "tests/architecture/test_size.py"

    assert too_long([path], 10).keys() == {"tests/architecture/test_size.py"}


def test_a_function_is_a_paragraph():
    long = {
        f"{path.relative_to(ROOT)}: {name}": lines
        for path in sources(*SERVICE_FOLDERS, "tests")
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


def test_functions_of_one_name_are_told_apart():
    source = """
class First:
    def read(self):
        return 1

class Second:
    def read(self):
        def read():
            return 2
        return read
"""

    assert function_lengths(source) == {
        "First.read": 2,
        "Second.read": 4,
        "Second.read.<locals>.read": 2,
    }


def test_of_two_definitions_of_one_name_the_longer_one_counts():
    source = """
if True:
    def read():
        first = 1
        return first
else:
    def read():
        return 2
"""

    assert function_lengths(source) == {"read": 3}


def test_a_docstring_does_not_count():
    source = """
def read():
    '''One.

    Two.
    '''
    return 1
"""

    assert function_lengths(source) == {"read": 2}
