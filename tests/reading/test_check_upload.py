"""Files of all kinds: what each is taken for, and one true sentence for what is not read."""

import gzip
import io
from datetime import UTC, date, datetime, time
from decimal import Decimal

import pyarrow as pa
import pytest
from pyarrow import parquet

from app.domain.columnar import decode_table
from app.domain.errors import InvalidData
from app.domain.profiles import CsvProfile, TextProfile
from app.domain.reader_options import ReaderOptions
from app.domain.tables import ColumnType, Table
from app.domain.uploads import AskedKind, CheckRequest
from app.reading import check_upload as checking
from app.reading.check_upload import check_upload
from app.reading.parquet import MAX_CELLS


def stored(content: bytes, kind: AskedKind = "auto") -> Table:
    return decode_table(check_upload(CheckRequest(kind=kind), content)[1])


def refusal(content: bytes, kind: AskedKind = "auto") -> tuple[str, str, str]:
    with pytest.raises(InvalidData) as caught:
        check_upload(CheckRequest(kind=kind), content)
    first = caught.value.problems[0]
    return first.pointer, first.code, first.detail


def parquet_of(table: pa.Table, **options: object) -> bytes:
    sink = io.BytesIO()
    parquet.write_table(table, sink, **options)
    return sink.getvalue()


MIXED = pa.table(
    {
        "i": pa.array([2**53 + 1, None, 3], pa.int64()),
        "u": pa.array([2**64 - 1, 0, 1], pa.uint64()),
        "x": pa.array([0.5, float("nan"), None], pa.float32()),
        "d": pa.array([Decimal("1.25"), None, Decimal("2.50")], pa.decimal128(9, 2)),
        "b": [True, None, False],
        "t": pa.array([datetime(2020, 1, 1, tzinfo=UTC), None, datetime(2020, 1, 2, tzinfo=UTC)]),
        "day": [date(2020, 1, 1), date(2020, 1, 2), None],
        "clock": [time(1, 0), None, time(2, 30)],
        "word": pa.array(["a", "b", "a"]).dictionary_encode(),
        "when": ["2020-01-01", "2020-01-02", None],
    }
)


def test_columns_of_parquet_keep_their_types_and_digits() -> None:
    found = stored(parquet_of(MIXED, row_group_size=2))

    assert {column.name: column.type.value for column in found.columns} == {
        "i": "integer",
        "u": "text",
        "x": "number",
        "d": "number",
        "b": "boolean",
        "t": "date",
        "day": "date",
        "clock": "date",
        "word": "text",
        "when": "date",
    }
    assert found.column("i").first(1) == [2**53 + 1]
    assert found.column("u").labels[0] == str(2**64 - 1)
    assert found.column("x").first(3) == [0.5, None, None]
    assert found.column("clock").first(3)[2] == "1970-01-01T02:30:00Z"
    assert [column.num_missing for column in found.columns] == [1, 0, 2, 1, 1, 1, 1, 1, 0, 1]


def test_what_parquet_holds_that_is_no_table_is_refused_with_its_column() -> None:
    nested = parquet_of(pa.table({"a": [1], "list": [[1, 2]]}))
    infinite = parquet_of(pa.table({"a": [1.0, float("inf")]}))
    empty = parquet_of(pa.table({"a": pa.array([], pa.int64())}))

    assert refusal(nested)[:2] == ("row/1/list", "nested_value")
    assert refusal(infinite)[:2] == ("row/2/a", "not_finite")
    assert refusal(empty)[:2] == ("row/1", "no_rows")


def test_a_small_parquet_of_very_many_cells_is_refused_before_it_is_unpacked() -> None:
    codes = pa.repeat(pa.scalar(0, pa.int8()), 2**20)
    part = pa.DictionaryArray.from_arrays(codes, pa.array(["a"]))
    column = pa.chunked_array([part] * (MAX_CELLS // 2**20 + 1))
    content = parquet_of(pa.table({"a": column}))

    assert len(content) < 2**20
    assert refusal(content)[1] == "unpacked_too_large"


@pytest.mark.parametrize("cut", [12, 100, 400])
def test_a_damaged_parquet_is_refused(cut: int) -> None:
    content = parquet_of(MIXED)

    assert refusal(content[:cut] + content[cut + 40 :], "parquet")[1] == "broken_file"
    assert refusal(content[:cut], "parquet")[:2] == ("file", "broken_file")


def test_json_lines_are_rows() -> None:
    lines = b'{"t": "2020-01-01", "x": 1.5, "id": 9007199254740993}\n\n'
    lines += b'{"x": null, "id": 9007199254740992, "late": true, "t": "2020-01-02"}\n'
    found = stored(lines)

    assert [column.type for column in found.columns] == [
        ColumnType.DATE,
        ColumnType.NUMBER,
        ColumnType.INTEGER,
        ColumnType.BOOLEAN,
    ]
    assert found.column("id").first(2) == [2**53 + 1, 2**53]
    assert found.column("late").first(2) == [None, True]
    assert found.num_rows == 2


@pytest.mark.parametrize(
    ("lines", "pointer", "code"),
    [
        (b'{"a": 1}\n{"a": [1]}\n', "row/2/a", "nested_value"),
        (b'{"a": 1}\n[1]\n', "row/2", "not_json"),
        (b'{"a": 1}\n{"a": \n', "row/2", "not_json"),
        (b'{"a": 1}\n{"a": Infinity}\n', "row/2/a", "not_finite"),
        (b'{"a": "\\ud800"}\n', "row/1/a", "not_utf8"),
        (b'{"a": "\\u0000"}\n', "row/1/a", "nul"),
        (b'{"": 1}\n', "row/1/1", "column_unnamed"),
        (b"{}\n", "row/1", "no_rows"),
        (b'{"a": ' + b"[" * 100_000 + b"}\n", "row/1", "not_json"),
        (b'{"a": "' + b"x" * 2**21 + b'"}\n', "row/1", "broken_row"),
        (
            b"{" + b",".join(b'"c%d": 1' % index for index in range(1001)) + b"}\n",
            "row/1",
            "too_many_columns",
        ),
    ],
)
def test_lines_that_are_no_rows_are_refused_with_their_place(
    lines: bytes, pointer: str, code: str
) -> None:
    assert refusal(lines, "jsonl")[:2] == (pointer, code)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"a,b\n1,2\n", "csv"),
        (b"x\n1\n2\n", "csv"),
        (b'{"a": 1}\n', "jsonl"),
        (b"To be, or not to be: that is the question.\nWhether 'tis nobler\n", "text"),
        (gzip.compress(b"a;b\n1;2\n", mtime=0), "csv"),
        (parquet_of(MIXED), "parquet"),
    ],
    ids=["delimited", "one column", "json lines", "text", "packed", "parquet"],
)
def test_the_kind_of_a_file_is_noticed(content: bytes, kind: str) -> None:
    checked, _ = check_upload(CheckRequest(kind="auto"), content)

    assert checked.kind == kind
    assert isinstance(checked.profile, TextProfile if kind == "text" else CsvProfile)


@pytest.mark.parametrize(
    ("content", "kind", "sentence"),
    [
        (b"\xd0\xcf\x11\xe0rest", "auto", "old Excel file"),
        (b"a,b\n1,2\n", "xlsx", "no Excel file"),
        (b"BZh91", "auto", "pack it with gzip"),
        (b"%PDF-1.7", "auto", "Send the table as CSV"),
        (b'[{"a": 1},\n {"a": 2}]', "auto", "one object a line"),
    ],
)
def test_a_format_that_is_not_read_is_told_in_one_sentence(
    content: bytes, kind: AskedKind, sentence: str
) -> None:
    pointer, code, detail = refusal(content, kind)

    assert (pointer, code) == ("file", "format_not_read")
    assert sentence in detail


def test_gzip_is_unpacked_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "MAX_UNPACKED_BYTES", 10_000)
    two_members = gzip.compress(b"a,b\n1,2\n") + gzip.compress(b"3,4\n")

    assert stored(two_members).num_rows == 2
    assert refusal(gzip.compress(b"a\n" + b"1\n" * 5000))[1] == "unpacked_too_large"
    assert refusal(gzip.compress(b"a\n1\n")[:-9])[1] == "broken_file"
    assert refusal(gzip.compress(b"a\n1\n")[:10] + b"\xff" * 20)[1] == "broken_file"


def test_a_text_is_stored_in_utf8() -> None:
    checked, text = check_upload(CheckRequest(kind="text"), "größe".encode("utf-16"))

    assert isinstance(checked.profile, TextProfile)
    assert (checked.profile.characters, text) == (5, "größe".encode())


@pytest.mark.parametrize(
    ("content", "options"),
    [(b"a:b\n1:2\n3:4\n", {"delimiter": ":"}), (b"a;b\n'1;2';3\n'2;3';4\n", {"quote": "'"})],
)
def test_options_help_to_notice_a_table(content: bytes, options: dict[str, str]) -> None:
    request = CheckRequest(kind="auto", options=ReaderOptions.model_validate(options))

    assert check_upload(request, content)[0].kind == "csv"
