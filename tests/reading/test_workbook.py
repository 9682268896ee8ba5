"""Excel workbooks: the sheet is read like a CSV, and a hostile one is refused within bounds."""

import io
import random
import zipfile
from collections.abc import Sequence
from datetime import date, datetime, time

import openpyxl
import pytest

from app.domain.columnar import decode_table
from app.domain.errors import InvalidData
from app.domain.reader_options import ReaderOptions
from app.domain.tables import Table
from app.domain.uploads import CheckRequest
from app.reading import workbook
from app.reading.check_upload import check_upload


def xlsx(*sheets: Sequence[Sequence[object]], hidden: int | None = None) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for index, rows in enumerate(sheets):
        sheet = book.create_sheet(f"sheet {index}")
        for row in rows:
            sheet.append(list(row))
        if index == hidden:
            sheet.sheet_state = "hidden"
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


def read(content: bytes, **options: object) -> Table:
    request = CheckRequest(kind="auto", options=ReaderOptions.model_validate(options))
    return decode_table(check_upload(request, content)[1])


def refusal(content: bytes) -> tuple[str, str, str]:
    with pytest.raises(InvalidData) as caught:
        check_upload(CheckRequest(kind="xlsx"), content)
    first = caught.value.problems[0]
    return first.pointer, first.code, first.detail


ROWS = (
    ("when", "day", "clock", "n", "x", "flag", "word"),
    (
        datetime(2020, 1, 1, 1, 30),  # noqa: DTZ001 - as Excel has them
        date(2020, 1, 1),
        time(1, 5),
        1,
        0.1,
        True,
        "a,b",
    ),
    (
        datetime(2020, 1, 1, 2, 30),  # noqa: DTZ001
        date(2020, 1, 2),
        time(2, 5),
        2,
        None,
        False,
        'say "x"',
    ),
)


def test_cells_keep_their_types() -> None:
    found = read(xlsx(ROWS))

    assert {column.name: column.type.value for column in found.columns} == {
        "when": "date",
        "day": "date",
        "clock": "date",
        "n": "integer",
        "x": "number",
        "flag": "boolean",
        "word": "text",
    }
    assert found.column("when").first(1) == ["2020-01-01T01:30:00Z"]
    assert found.column("x").first(2) == [0.1, None]
    assert tuple(found.column("word").labels) == ("a,b", 'say "x"')


def test_options_act_as_in_a_csv() -> None:
    content = xlsx((("report",), (), ("t", "x"), ("1/2/2020", "1.234,5"), ("2/3/2020", -9)))

    found = read(content, skip_lines=1, day_first=True, sentinels=[-9])

    assert found.column("t").first(1) == ["2020-02-01T00:00:00Z"]
    assert found.column("x").first(2) == [1234.5, None]


def test_the_only_sheet_with_cells_is_read_and_several_are_asked_about() -> None:
    hidden = xlsx((("a",), (1,)), (("b",), (2,)), hidden=0)

    assert [column.name for column in read(xlsx((), (("a",), (1,)))).columns] == ["a"]
    assert [column.name for column in read(hidden).columns] == ["b"]
    pointer, code, detail = refusal(xlsx((("a",), (1,)), (("b",), (2,))))
    assert (pointer, code) == ("file", "several_sheets")
    assert "'sheet 0', 'sheet 1'" in detail


@pytest.mark.parametrize(
    ("rows", "pointer", "code"),
    [
        ((), "file", "empty"),
        ((("a", "b"),), "row/2", "no_rows"),
        ((("a", "b"), (1, 2), (1, 2, 3)), "row/3", "wrong_cell_count"),
        ((tuple(f"c{index}" for index in range(1001)),), "row/1", "too_many_columns"),
        ((("a", None, "c"), (1, 2, 3)), "row/1/2", "column_unnamed"),
    ],
)
def test_a_wrong_sheet_is_refused_with_its_place(
    rows: Sequence[Sequence[object]], pointer: str, code: str
) -> None:
    assert refusal(xlsx(rows))[:2] == (pointer, code)


def zipped(**parts: bytes) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts.items():
            file.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return sink.getvalue()


@pytest.mark.parametrize(
    ("part", "sentence"),
    [
        ("content_dot_xml", "OpenDocument"),
        ("xl__workbook_dot_bin", "xlsb"),
        ("word__document_dot_xml", "Word"),
        ("a_dot_csv", "zip file"),
    ],
)
def test_other_zip_files_are_told_apart(part: str, sentence: str) -> None:
    pointer, code, detail = refusal(zipped(**{part: b"a,b\n1,2\n"}))

    assert (pointer, code) == ("file", "format_not_read")
    assert sentence in detail


def test_a_workbook_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    content = xlsx(ROWS)

    monkeypatch.setattr(workbook, "MAX_XML_BYTES", 1000)

    assert refusal(content)[:2] == ("file", "unpacked_too_large")


def test_a_part_that_declares_less_than_it_holds_is_not_unpacked_further() -> None:
    content = bytearray(xlsx(ROWS))
    place = content.index(b"PK\x01\x02")
    while place >= 0:
        content[place + 24 : place + 28] = (10).to_bytes(4, "little")
        place = content.find(b"PK\x01\x02", place + 4)

    assert refusal(bytes(content))[:2] == ("file", "broken_file")


def test_a_cell_far_away_is_refused_with_its_row() -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet["A1"], sheet["A2"], sheet["XFD1048576"] = "a", 1, 2
    sink = io.BytesIO()
    book.save(sink)

    assert refusal(sink.getvalue())[:2] == ("row/3", "too_many_columns")


def test_entities_are_not_expanded_without_end() -> None:
    entities = "".join(f'<!ENTITY e{i + 1} "{f"&e{i};" * 50}">' for i in range(8))
    bomb = f'<!DOCTYPE x [<!ENTITY e0 "ha">{entities}]><worksheet>&e8;</worksheet>'
    sink = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(xlsx(ROWS))) as book,
        zipfile.ZipFile(sink, "w") as damaged,
    ):
        for name in book.namelist():
            is_sheet = name.startswith("xl/worksheets/")
            damaged.writestr(name, bomb if is_sheet else book.read(name))

    assert refusal(sink.getvalue())[:2] == ("file", "broken_file")


@pytest.mark.parametrize("seed", range(60))
def test_a_damaged_workbook_is_read_or_refused_with_its_place(seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - not for secrets
    sink = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(xlsx(ROWS))) as book,
        zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as damaged,
    ):
        chosen = rng.choice(book.namelist())
        for name in book.namelist():
            part = bytearray(book.read(name))
            for _ in range(rng.randint(1, 5) if name == chosen else 0):
                part[rng.randrange(len(part))] = rng.choice(b'<>"/&0 rcvst;')
            if name != chosen or rng.random() > 0.2:
                damaged.writestr(name, bytes(part))

    try:
        num_rows, problems = read(sink.getvalue()).num_rows, []
    except InvalidData as error:
        num_rows, problems = 0, list(error.problems)

    assert num_rows or problems
    assert all(each.pointer and each.code for each in problems)
