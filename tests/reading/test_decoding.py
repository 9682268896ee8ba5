"""Encodings: those that are recognised, those that must be named, and none that is guessed."""

import pytest

from app.domain.errors import InvalidData
from app.domain.reader_options import ReaderOptions
from app.reading.read_table import read_table_file


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("日付,x\n1,2\n", "shift_jis"),
        ("日期,x\n1,2\n", "gb18030"),
        ("дата,x\n1,2\n", "cp1251"),
        ("дата,x\n1,2\n", "koi8-r"),
        ("날짜,x\n1,2\n", "euc-kr"),
    ],
)
def test_an_encoding_of_other_letters_is_asked_about(text: str, encoding: str) -> None:
    content = text.encode(encoding)

    with pytest.raises(InvalidData) as caught:
        read_table_file(content, ReaderOptions())
    named = read_table_file(content, ReaderOptions.model_validate({"encoding": encoding}))

    (problem,) = caught.value.problems
    assert (problem.pointer, problem.code) == ("byte/0", "not_utf8")
    assert "`encoding`" in problem.detail
    assert named.table.columns[0].name == text.split(",", maxsplit=1)[0]


@pytest.mark.parametrize("encoding", ["utf-32", "utf-16", "utf-8-sig"])
def test_a_byte_order_mark_tells_the_encoding(encoding: str) -> None:
    found = read_table_file("größe,日付\n1,2\n".encode(encoding), ReaderOptions())

    assert found.table.columns[1].name == "日付"
    assert found.choices["encoding"].value == encoding.removesuffix("-sig")


def test_words_of_western_europe_are_latin() -> None:
    content = "prénom;créée;naïve\nFrançois;à Bâle;où\n".encode("cp1252")

    assert read_table_file(content, ReaderOptions()).choices["encoding"].value == "cp1252"
