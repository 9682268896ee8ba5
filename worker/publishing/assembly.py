"""Joins the modules of `program` to one file, which is published with each run."""

import ast
from functools import cache
from importlib.resources import files

_PACKAGE = "worker.publishing.program"
#: A module follows those that it imports.
_MODULES = (
    *("network", "times", "dates", "calendars", "pipeline"),
    *("cells", "tables", "inputs", "predict"),
)


@cache
def assemble_program() -> bytes:
    """Returns `predict.py`: the docstring of the last module, all imports, then all modules."""
    sources = [files(_PACKAGE).joinpath(f"{name}.py").read_text("utf-8") for name in _MODULES]
    imports: set[str] = set()
    bodies: list[str] = []
    for source in sources:
        docstring, *rest = ast.parse(source).body
        found = [node for node in rest if isinstance(node, ast.Import | ast.ImportFrom)]
        imports |= {ast.unparse(node) for node in found if not _is_of_program(node)}
        last = found[-1].end_lineno if found else docstring.end_lineno
        bodies.append("".join(source.splitlines(keepends=True)[last:]).strip("\n"))
    docstring = ast.parse(sources[-1]).body[0]
    head = "".join(sources[-1].splitlines(keepends=True)[: docstring.end_lineno])
    return "\n".join((head, *sorted(imports), "\n\n".join(("\n", *bodies)), "")).encode()


def _is_of_program(node: ast.Import | ast.ImportFrom) -> bool:
    return isinstance(node, ast.ImportFrom) and (node.module or "").startswith(_PACKAGE)
