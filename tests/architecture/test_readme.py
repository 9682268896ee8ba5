"""The README's tree and file names are those of the repository; each setting is documented."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
OPERATIONS = (ROOT / "docs/operations.md").read_text()
MAX_LINES = 150


def tree_paths() -> list[str]:
    """Paths of the README's tree: names stand before a phrase, folders by their indent."""
    block = README.split("## Where things are")[1].split("\n- **")[0]
    folders: dict[int, str] = {}
    paths = []
    for line in block.splitlines():
        names = re.match(r"( {4,})((?:[\w.]+/? ?)+?)(?:  |$)", line)
        if names is None:
            continue
        indent = len(names[1])
        above = next((folders[i] for i in sorted(folders, reverse=True) if i < indent), "")
        for name in names[2].split():
            paths.append(above + name)
            if name.endswith("/"):
                folders = {i: folder for i, folder in folders.items() if i < indent}
                folders[indent] = above + name
    return paths


def test_each_path_of_the_tree_exists():
    missing = [path for path in tree_paths() if not (ROOT / path).exists()]

    assert len(tree_paths()) > 30
    assert missing == []


def test_each_file_named_in_the_text_exists():
    named = re.findall(r"`((?:app|worker|migrations|bench|docs|tests)/[\w/.]+)`", README)

    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def documented_variables() -> set[str]:
    """Of the table; a name that starts with `_` takes the place of the end of the one before."""
    found: set[str] = set()
    for row in re.findall(r"^\| (`CLINIC_.*?`) \|", OPERATIONS, re.MULTILINE):
        first, *others = re.findall(r"`(\w+)`", row)
        found |= {first, *(other for other in others if not other.startswith("_"))}
        for other in others:
            if other.startswith("_"):
                words = first.split("_")
                found |= {"_".join(words[:end]) + other for end in range(1, len(words))}
    return found


def test_each_variable_is_in_the_table():
    source = "".join(path.read_text() for path in (ROOT / "app/settings").glob("*.py"))

    missing = set(re.findall(r"CLINIC_[A-Z_]+[A-Z]", source)) - documented_variables()

    assert missing == set()


def test_the_settings_that_the_readme_shows_are_those_of_the_whole_table():
    shown = re.findall(r"^\| `CLINIC_.*$", README, re.MULTILINE)

    assert shown
    assert [row for row in shown if row not in OPERATIONS] == []


def test_it_can_be_read_in_one_go():
    assert README.count("\n") <= MAX_LINES
