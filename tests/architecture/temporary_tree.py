"""A copy of the repository to which a test adds a member of a family.

A test states which files are new and which lines are inserted elsewhere, counts both, and then asks
programs that run in the copy where the member appears:

    family = "app/domain/diagnosis/causes"
    tree = tree_with(
        tmp_path / "tree",
        new_files={f"{family}/example.py": SOURCE},
        insertions=[
            Insertion(f"{family}/__init__.py", after="contractive_recurrence,", lines=("example,",))
        ],
    )
    assert tree.changes == Changes(new_files=1, inserted_lines=1)
    assert "example" in tree.answer("import json; …; print(json.dumps(codes))")
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from pathlib import Path

from pydantic import JsonValue

ROOT = Path(__file__).parents[2]
#: What a program of the copy may import or read.
FOLDERS = ("app", "worker", "migrations", "docs", "tests", "bench")
FILES = ("pyproject.toml", "README.md")
#: Longer than any program of a test takes, on a busy machine.
TIMEOUT_S = 300
#: Raises when the modules of another copy would be imported.
_ORIGIN = "import app, os\nassert app.__file__.startswith(os.getcwd() + os.sep), app.__file__\n"


@dataclass(frozen=True)
class Insertion:
    """Lines that are inserted into a file after a line of it that occurs once."""

    path: str
    #: That line, without its indentation.
    after: str
    #: They get the indentation of that line, and may be indented further.
    lines: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Changes:
    """How the copy differs from the repository."""

    new_files: int = 0
    inserted_lines: int = 0
    deleted_lines: int = 0


@dataclass(frozen=True, kw_only=True)
class TemporaryTree:
    """The copy with its changes."""

    root: Path

    @cached_property
    def changes(self) -> Changes:
        """Counted by comparison with the repository, in Python files; generated files are not."""
        new, inserted, deleted = 0, 0, 0
        for path in _sources(self.root):
            original = ROOT / path
            if not original.exists():
                new += 1
                continue
            before, after = _lines(original), _lines(self.root / path)
            if before != after:
                more, fewer = _difference(before, after)
                inserted, deleted = inserted + more, deleted + fewer
        return Changes(new_files=new, inserted_lines=inserted, deleted_lines=deleted)

    def run(self, program: str) -> str:
        """What a Python program prints that imports the copy's modules. Raises when it fails."""
        command = [sys.executable, "-W", "error", "-c", _ORIGIN + program]
        environ = {**os.environ, "PYTHONPATH": str(self.root)}
        ended = subprocess.run(
            command,
            cwd=self.root,
            env=environ,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def answer(self, program: str) -> JsonValue:
        """The same for a program that prints one JSON document."""
        found: JsonValue = json.loads(self.run(program))
        return found


def tree_with(
    root: Path, *, new_files: Mapping[str, str], insertions: Sequence[Insertion] = ()
) -> TemporaryTree:
    """A copy of the repository at `root`, which must not exist, with these changes.

    Paths are relative to the root. Raises AssertionError when a new file exists, or when the line
    of an insertion does not occur exactly once.
    """
    for folder in FOLDERS:
        # with the compiled modules: they hold as long as the times of the sources do
        shutil.copytree(ROOT / folder, root / folder)
    for name in FILES:
        shutil.copy2(ROOT / name, root / name)
    for path, source in new_files.items():
        assert not (root / path).exists(), f"{path} exists"
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(source)
    for insertion in insertions:
        _insert(root, insertion)
    return TemporaryTree(root=root)


def _insert(root: Path, insertion: Insertion) -> None:
    lines = _lines(root / insertion.path)
    places = [number for number, line in enumerate(lines) if line.strip() == insertion.after]
    assert len(places) == 1, f"{insertion.after!r} occurs {len(places)} times in {insertion.path}"
    (place,) = places
    indent = lines[place].removesuffix(lines[place].lstrip())
    lines[place + 1 : place + 1] = [(indent + line).rstrip() for line in insertion.lines]
    (root / insertion.path).write_text("\n".join(lines) + "\n")


def _sources(root: Path) -> Iterator[Path]:
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*.py")):
            yield path.relative_to(root)


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


def _difference(before: Sequence[str], after: Sequence[str]) -> tuple[int, int]:
    """Lines inserted and lines deleted."""
    blocks = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    num_equal = sum(block.size for block in blocks)
    return len(after) - num_equal, len(before) - num_equal
