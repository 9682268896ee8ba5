"""Reading uploads: types, missing cells, and a named place for everything that is wrong."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.csv_cells import are_datetimes, number, read_datetimes, seconds
from app.domain.datasets import decode, parse_csv
from app.domain.errors import InvalidData
from app.domain.tables import ColumnType


def test_columns_take_the_narrowest_type_that_holds_all_cells() -> None:
    table = parse_csv('day,kind,value,mixed\n2024-01-01,"a, b",1.5,1\n2024-02-01,c,NA,x\n')

    assert [column.type for column in table.columns] == [
        ColumnType.DATE,
        ColumnType.TEXT,
        ColumnType.NUMBER,
        ColumnType.TEXT,
    ]
    assert table.column("kind").labels == ("a, b", "c")
    np.testing.assert_array_equal(table.column("value").values(), [1.5, np.nan])
    assert table.column("day").values()[1] - table.column("day").values()[0] == 31 * 86_400


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_usual_delimiters_and_line_ends_are_read(delimiter: str, newline: str) -> None:
    text = newline.join([f"a{delimiter}b", f"1{delimiter}2", f"3{delimiter}4", ""])

    table = parse_csv(text)

    assert (table.num_rows, table.delimiter) == (2, delimiter)
    np.testing.assert_array_equal(table.column("b").values(), [2, 4])


def test_a_column_that_turns_to_text_late_keeps_its_early_cells() -> None:
    rows = 5000
    table = parse_csv("x\n" + "7\n" * rows + "oops\n")

    column = table.column("x")

    assert column.type is ColumnType.TEXT
    assert column.labels == ("7", "oops")
    assert (column.codes() == 0).sum() == rows


def test_groups_work_for_labels_and_for_numbers() -> None:
    table = parse_csv("l,n\nb,2\na,1\n,NA\nb,2\n")

    codes, labels = table.column("l").groups()
    number_codes, numbers = table.column("n").groups()

    assert (codes.tolist(), labels) == ([0, 1, -1, 0], ("b", "a"))
    assert (number_codes.tolist(), numbers) == ([1, 0, -1, 1], ("1", "2"))


def test_blank_rows_are_left_out_and_missing_moments_are_nan() -> None:
    table = parse_csv("day,x\n2024-01-01,1\n\nNA,2\n")

    assert table.num_rows == 2
    assert np.isnan(table.column("day").values()).tolist() == [False, True]


def test_an_unknown_column_is_told_with_those_there_are() -> None:
    with pytest.raises(InvalidData, match="there are a, b"):
        parse_csv("a,b\n1,2\n").column("c")


@pytest.mark.parametrize(
    ("text", "pointer", "code"),
    [
        ("a,b\n1,2\n3\n", "row/3", "wrong_cell_count"),
        ("a,b\n1,2,3\n", "row/2", "wrong_cell_count"),
        ("a,b\n", "row/2", "no_rows"),
        ("a,\n1,2\n", "row/1/2", "column_unnamed"),
        ("a,a\n1,2\n", "row/1/2", "column_duplicate"),
        ("1,2\n3,4\n", "row/1", "header_missing"),
        ("a" * 201 + "\n1\n", "row/1/1", "column_name_too_long"),
        (",".join(f"c{i}" for i in range(1001)) + "\n", "row/1", "too_many_columns"),
        ('a,b\n1,"2\n3,4\n', "line/3", "broken_row"),
        ('a,b\n1,"2"x\n', "line/2", "broken_row"),
        ("a\n1\n1e400\n", "row/3/a", "not_finite"),
        ("a\n-inf\n", "row/2/a", "not_finite"),
        ("a\n" + "x" * 200_000 + "\n", "line/2", "broken_row"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(text: str, pointer: str, code: str) -> None:
    with pytest.raises(InvalidData) as raised:
        parse_csv(text)

    assert (raised.value.problems[0].pointer, raised.value.problems[0].code) == (pointer, code)


def test_many_broken_rows_are_named_at_once_but_not_without_end() -> None:
    with pytest.raises(InvalidData) as raised:
        parse_csv("a,b\n" + "1\n" * 1000)

    assert len(raised.value.problems) == 20
    assert raised.value.problems[1].detail == "row 3 has 1 cells where the header has 2"


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "empty"), (b" \n ", "empty"), (b"a\xff\n1\n", "not_utf8"), (b"a\n\x00\n", "nul")],
)
def test_bytes_that_are_no_text_are_refused(content: bytes, code: str) -> None:
    with pytest.raises(InvalidData) as raised:
        decode(content)

    assert raised.value.problems[0].code == code


def test_a_byte_order_mark_is_not_part_of_the_first_name() -> None:
    table = parse_csv(decode("\ufeffgrün,b\n1,2\n".encode()))

    assert table.columns[0].name == "grün"


@pytest.mark.parametrize("cell", ["1_000", "0x10", "١٢", "1e", "--1", "e5", "1,5", "true"])
def test_what_only_python_takes_for_a_number_is_none(cell: str) -> None:
    assert number(cell) is None


@pytest.mark.parametrize(
    ("cell", "moment"),
    [
        ("1970-01-02", 86_400.0),
        ("1970/1/2", 86_400.0),
        ("1970-02", 31 * 86_400.0),
        ("1970-01-01T00:00:01Z", 1.0),
        ("1970-01-01 01:00:00+01:00", 0.0),
        ("1970-13-01", None),
        ("0001-01-01T00:00:00+23:59", -62_135_683_140.0),
        ("yesterday", None),
        ("0001-01-01T00:00:00+24:00", None),
    ],
)
def test_moments_are_read_as_seconds_since_1970(cell: str, moment: float | None) -> None:
    assert seconds(cell) == moment


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=50))
def test_numbers_survive_the_way_through_a_csv_bit_for_bit(values: list[float]) -> None:
    table = parse_csv("x\n" + "".join(f"{value!r}\n" for value in values))

    assert table.column("x").values().tobytes() == np.array(values).tobytes()


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused_and_never_a_crash(text: str) -> None:
    try:
        table = parse_csv(decode(text.encode("utf-8", "surrogatepass")))
    except InvalidData:
        return

    assert table.num_rows > 0


@given(
    st.lists(
        st.from_regex(r"(0000|0001|1970|2024|9999)-[01][0-9]-[0-3][0-9]", fullmatch=True)
        | st.from_regex(
            r"(1900|2024)-02-(28|29)[T ][0-2][0-9]:[0-6][0-9](:[0-6][0-9])?", fullmatch=True
        )
        | st.sampled_from(["", "2024-01-01T00:00:00.5", "2024-01-01T00:00Z", "2024-01", "x"]),
        max_size=5,
    )
)
def test_moments_read_together_are_what_they_are_one_by_one(cells: list[str]) -> None:
    one_by_one = [seconds(cell) for cell in cells]

    assert are_datetimes(cells) == all(moment is not None for moment in one_by_one)
    if are_datetimes(cells):
        np.testing.assert_array_equal(
            read_datetimes(cells), np.array(one_by_one, dtype=np.float64), strict=True
        )


@pytest.mark.parametrize("cell", ["2024-01-01\n2024-01-02", "2024-02-30"])
def test_what_only_looks_like_a_moment_is_none(cell: str) -> None:
    assert not are_datetimes([cell])
