"""The copy that other tests add a member to."""

from pathlib import Path

import pytest

from tests.architecture.temporary_tree import ROOT, Changes, Insertion, tree_with

MODULE = "app/domain/example.py"


def test_a_new_module_is_imported_from_the_copy(tmp_path: Path) -> None:
    tree = tree_with(tmp_path / "tree", new_files={MODULE: "ANSWER = 42\n"})

    answer = tree.answer("from app.domain.example import ANSWER; print(ANSWER)")

    assert answer == 42
    assert tree.changes == Changes(new_files=1)
    assert not (ROOT / MODULE).exists()


def test_inserted_lines_are_counted_and_have_the_indentation_of_their_neighbour(
    tmp_path: Path,
) -> None:
    after = "def has_ended(self) -> bool:"
    insertion = Insertion("app/domain/runs.py", after=after, lines=("    assert True", ""))

    tree = tree_with(tmp_path / "tree", new_files={}, insertions=[insertion])

    assert tree.changes == Changes(inserted_lines=2)
    text = (tmp_path / "tree/app/domain/runs.py").read_text()
    assert f"    {after}\n        assert True\n" in text


@pytest.mark.parametrize("after", ["there is no such line", "@property"])
def test_a_line_that_does_not_occur_once_is_refused(tmp_path: Path, after: str) -> None:
    insertion = Insertion("app/domain/runs.py", after=after, lines=("x = 1",))

    with pytest.raises(AssertionError, match=r"occurs [02] times"):
        tree_with(tmp_path / "tree", new_files={}, insertions=[insertion])


def test_a_file_that_exists_is_not_overwritten(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="exists"):
        tree_with(tmp_path / "tree", new_files={"app/domain/runs.py": ""})


def test_a_program_that_fails_fails_the_test_with_its_message(tmp_path: Path) -> None:
    tree = tree_with(tmp_path / "tree", new_files={})

    with pytest.raises(AssertionError, match="no such answer"):
        tree.run("raise SystemExit('no such answer')")
