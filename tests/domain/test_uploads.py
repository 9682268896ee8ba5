"""A file is checked by the reader of its kind."""

import pytest

from app.domain.errors import InvalidData
from app.domain.profiles import CsvProfile, TextProfile
from app.domain.uploads import check_upload


def test_a_csv_is_described_by_its_columns() -> None:
    profile = check_upload("csv", b"a,b\n1,x\n2,y\n")

    assert isinstance(profile, CsvProfile)
    assert (profile.rows, [column.name for column in profile.columns]) == (2, ["a", "b"])


def test_a_text_is_described_by_its_characters() -> None:
    profile = check_upload("text", b"a,b\n1,x\n2,y\n")

    assert isinstance(profile, TextProfile)
    assert profile.characters == 12


def test_a_file_that_is_no_text_is_refused() -> None:
    with pytest.raises(InvalidData, match="not valid UTF-8"):
        check_upload("text", b"\xff")
