"""The README's tree and file names are those of the repository."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
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


def test_it_can_be_read_in_one_go():
    assert README.count("\n") <= MAX_LINES
