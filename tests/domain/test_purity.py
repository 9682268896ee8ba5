"""The domain is pure: it neither looks around nor asks the time, and needs two libraries."""

import ast
import importlib
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in (ROOT / "app" / "domain").rglob("*.py")
)
LIBRARIES = {"app", "numpy", "pydantic", "pydantic_core"}
#: Of the standard library: what looks outside, or answers differently each time.
IMPURE = {"os", "pathlib", "random", "secrets", "socket", "subprocess", "threading", "time"}


def imported(module: str) -> set[str]:
    source = importlib.import_module(module).__file__
    assert source
    names = set()
    for node in ast.walk(ast.parse(Path(source).read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.module
            names.add(node.module)
    return names


@pytest.mark.parametrize("module", MODULES)
def test_a_module_of_the_domain_needs_nothing_around_it(module: str) -> None:
    names = imported(module)

    packages = {name.partition(".")[0] for name in names}
    assert packages - sys.stdlib_module_names <= LIBRARIES
    assert packages & IMPURE == set()
    assert all(name.startswith("app.domain") for name in names if name.startswith("app"))
