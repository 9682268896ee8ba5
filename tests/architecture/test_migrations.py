"""The migrations form one chain, so that there is one newest schema."""

import re
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "migrations" / "versions"
REVISION = re.compile(r'^(down_revision|revision) = (?:"(\w+)"|None)$', re.MULTILINE)


def revisions() -> dict[Path, dict[str, str]]:
    """Each file's revision and the one before; the latter is empty for the first."""
    return {path: dict(REVISION.findall(path.read_text())) for path in FOLDER.glob("*.py")}


def test_a_file_begins_with_the_number_of_its_revision():
    wrong = [
        path.name
        for path, said in revisions().items()
        if not path.name.startswith(f"{said['revision']}_")
    ]

    assert wrong == []


def test_each_revision_follows_another_one():
    said = list(revisions().values())

    followed = [one["down_revision"] for one in said]

    assert len(said) > 10
    assert len({one["revision"] for one in said}) == len(said)
    assert len(set(followed)) == len(followed)
    assert followed.count("") == 1
