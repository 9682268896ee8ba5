"""Tables as people have them: what each file means, what is told of it, and what is asked."""

import numpy as np
import pytest

from app.domain.errors import InvalidData
from app.domain.reader_options import ReaderOptions
from app.domain.tables import ColumnType, Table
from app.reading.read_table import ReadTable, read_table_file

DAY = 86_400.0
#: Seconds since 1970 of the year 2020.
OF_2020 = 1_577_836_800.0


def read(text: str, **options: object) -> ReadTable:
    return read_table_file(text.encode(), ReaderOptions.model_validate(options))


def table(text: str, **options: object) -> Table:
    return read(text, **options).table


def refusal(text: str, **options: object) -> InvalidData:
    with pytest.raises(InvalidData) as caught:
        read(text, **options)
    return caught.value


def column_of(*cells: str, name: str = "t", delimiter: str = ";") -> str:
    """A file of one column of interest and one of row numbers."""
    rows = "".join(f"{cell}{delimiter}{index}\n" for index, cell in enumerate(cells))
    return f"{name}{delimiter}n\n{rows}"


@pytest.mark.parametrize(
    ("cells", "days"),
    [
        (["2020/1/1 0:00", "2020/1/2 12:00"], [0, 1.5]),
        (["2020-1-1 0:00", "2020-10-1 0:00"], [0, 274]),
        (["2020-01", "2020-02"], [0, 31]),
        (["01-Jan-20", "2-Feb-20"], [0, 32]),
        (["Jan 1, 2020", "February 1, 2020"], [0, 31]),
        (["Wed, 01 Jan 2020 12:00:00 GMT", "Thu, 02 Jan 2020 00:00:00 GMT"], [0.5, 1]),
        (["Jan 2020", "Mar 2020"], [0, 60]),
        (["1/13/2020 1:05 PM", "1/14/2020 12:05 AM"], [12 + 785 / 1440, 13 + 5 / 1440]),
        (["13.1.20", "14.1.20"], [12, 13]),
        (["2020-01-01T01:00:00+01:00", "2020-01-01T23:00:00-01:00"], [0, 1]),
        (["2020-01-01 00:00:00.5", "2020-01-01 00:00:01"], [0.5 / DAY, 1 / DAY]),
        (["20200101", "20200102"], [0, 1]),
        (["1577836800", "1577923200"], [0, 1]),
        (["1577836800000", "1577836800500"], [0, 0.5 / DAY]),
    ],
)
def test_dates_are_read_as_people_write_them(cells: list[str], days: list[float]) -> None:
    found = table(column_of(*cells, name="date")).column("date")

    assert found.type is ColumnType.DATE
    np.testing.assert_allclose(found.values(), [OF_2020 + DAY * each for each in days], atol=1e-6)


def test_times_of_day_are_seconds_since_midnight() -> None:
    found = table(column_of("1:05 PM", "12:30 AM", "11:59:59 pm")).column("t")

    assert found.values().tolist() == [13 * 3600 + 300, 1800, DAY - 1]


@pytest.mark.parametrize(
    ("cells", "is_day_first", "seconds"),
    [
        (["1/2/2020", "13/2/2020"], True, [OF_2020 + 31 * DAY, OF_2020 + 43 * DAY]),
        (["1/2/2020", "2/13/2020"], False, [OF_2020 + DAY, OF_2020 + 43 * DAY]),
    ],
)
def test_a_later_row_settles_whether_the_day_stands_first(
    cells: list[str], *, is_day_first: bool, seconds: list[float]
) -> None:
    found = read(column_of(*cells))

    assert found.table.column("t").values().tolist() == seconds
    assert found.choices["day_first"].value is is_day_first
    assert found.choices["day_first"].chosen_because == f"row 3 of column 't' has {cells[1]!r}"


def test_dates_that_no_row_settles_are_asked_about() -> None:
    text = column_of("1/1/2020", "1/2/2020", "2/3/2020")

    (problem,) = refusal(text).problems
    asked = read(text, day_first=False)

    assert (problem.pointer, problem.code) == ("row/3/t", "ambiguous_date")
    assert "'1/2/2020'" in problem.detail
    assert "day_first=true" in problem.detail
    assert asked.table.column("t").values()[1] == OF_2020 + DAY
    assert asked.choices["day_first"].chosen_because == "the request says so"


def test_a_date_that_the_option_does_not_fit_is_refused_with_its_place() -> None:
    (problem,) = refusal(column_of("1/2/2020", "1/13/2020"), day_first=True).problems

    assert (problem.pointer, problem.code) == ("row/3/t", "not_a_date")


@pytest.mark.parametrize(
    "cells",
    [
        ["13/1/2020", "1/13/2020"],
        ["30/2/2020", "1/3/2020"],
        ["1.2.3", "4.5.6"],
        ["2020-13-01", "2020-01-01"],
        ["25:00", "1:00"],
        ["13:05 PM", "1:05 PM"],
        ["40-Jan-20", "1-Jan-20"],
        ["Foo 2020", "Jan 2020"],
        ["2020-01-01 5", "2020-01-01 6"],
    ],
)
def test_what_is_no_date_stays_text(cells: list[str]) -> None:
    assert table(column_of(*cells)).column("t").type is ColumnType.TEXT


def test_numbers_without_a_name_of_time_are_no_times() -> None:
    found = table(column_of("1577836800", "1577923200", name="volume"))

    assert found.column("volume").type is ColumnType.INTEGER


def test_a_pattern_of_the_client_reads_its_dates() -> None:
    found = read(column_of("2020_31_12", "2020_01_02"), date_format="%Y_%d_%m")

    assert found.table.column("t").values()[1] == OF_2020 + 31 * DAY
    assert found.table.column("t").type is ColumnType.DATE
    assert table(column_of("2020-01-01"), date_format="none").column("t").type is ColumnType.TEXT


def test_a_pattern_that_no_column_has_is_refused_with_what_there_is() -> None:
    (problem,) = refusal(column_of("31.12.2020"), date_format="%Y/%m/%d").problems

    assert (problem.pointer, problem.code) == ("query/date_format", "not_a_date")
    assert "'31.12.2020'" in problem.detail


def test_seconds_since_1970_can_be_told() -> None:
    text = column_of("1577836800", "1577923200", name="a")

    assert table(text, date_format="epoch_s").column("a").values().tolist()[0] == OF_2020


def test_local_times_are_moved_to_utc_and_the_repeated_hour_is_told_apart() -> None:
    text = column_of("2020-10-25 01:30", "2020-10-25 02:30", "2020-10-25 02:30", "2020-10-25 03:30")
    column = table(text, time_zone="Europe/Berlin").column("t")
    found = column.values()
    assert column.time_zone == "Europe/Berlin"

    assert np.diff(found).tolist() == [3600, 3600, 3600]
    assert table(text).column("t").values()[1] - found[1] == 7200


@pytest.mark.parametrize(
    ("cell", "zone", "pointer"),
    [
        ("2020-03-29 02:30", "Europe/Berlin", "row/2/t"),
        ("2020-03-29 01:30", "Mars/Base", "query/time_zone"),
    ],
)
def test_a_time_that_the_zone_leaves_out_is_refused(cell: str, zone: str, pointer: str) -> None:
    (problem,) = refusal(column_of(cell), time_zone=zone).problems

    assert problem.pointer == pointer


def test_times_with_a_zone_of_their_own_keep_it() -> None:
    text = column_of("2020-01-01T00:00:00Z", "", "2020-01-01T01:00:00Z")

    assert table(text, time_zone="Asia/Tokyo").column("t").values()[0] == OF_2020


@pytest.mark.parametrize(
    ("cells", "values", "read_as"),
    [
        (["1,5", "2,25"], [1.5, 2.25], "number, decimal sign ,"),
        (["1.234,50", "7,25"], [1234.5, 7.25], "number, decimal sign ,, digits grouped by ."),
        (["1,234.50", "7.25"], [1234.5, 7.25], "number, digits grouped by ,"),
        (["1,234,567", "-12"], [1234567, -12], "number, digits grouped by ,"),
        (["1 234,5", "1\u00a0234 567,5"], [1234.5, 1234567.5], None),
        (["1'234.5", "7"], [1234.5, 7], None),
        (["12 %", "3.5%"], [12, 3.5], "number, % left out"),
        (["€ 3.20", "-€4"], [3.2, -4], "number, € left out"),
        (["3,20 EUR", "4,00 EUR"], [3.2, 4], None),
        (["−3.5", "+2"], [-3.5, 2], None),
    ],
)
def test_numbers_are_read_as_people_write_them(
    cells: list[str], values: list[float], read_as: str | None
) -> None:
    found = table(column_of(*cells)).column("t")

    assert found.type.is_numeric
    assert found.values().tolist() == values
    assert read_as is None or found.read_as == read_as


def test_the_choice_of_the_decimal_sign_is_told_with_its_witness() -> None:
    choice = read(column_of("1,5", "2,5")).choices["decimal"]

    assert (choice.value, choice.chosen_because) == (",", "row 2 of column 't' has '1,5'")


def test_another_column_settles_what_one_leaves_open() -> None:
    text = "a;b;c\n1,234;1,5;1.234\n2,345;2,5;2.345\n"
    found = table(text)

    assert found.column("a").values().tolist() == [1.234, 2.345]
    assert found.column("c").values().tolist() == [1234, 2345]


def test_a_comma_that_nothing_settles_is_asked_about() -> None:
    text = column_of("1,234", "2,345")

    (problem,) = refusal(text).problems

    assert (problem.pointer, problem.code) == ("row/2/t", "ambiguous_number")
    assert table(text, decimal=",").column("t").values()[0] == 1.234
    assert table(text, thousands=",", decimal=".").column("t").values()[0] == 1234


@pytest.mark.parametrize("cells", [["1,23,4", "5"], ["12 %", "13"], ["€ 3", "$ 3"], ["1 2", "3 4"]])
def test_what_is_no_number_stays_text(cells: list[str]) -> None:
    assert table(column_of(*cells)).column("t").type is ColumnType.TEXT


@pytest.mark.parametrize(
    "cell", ["", "n/a", "#N/A", "<NA>", "-", "?", "NULL", "   ", " NA ", "NaN", "None", "N/A", "."]
)
def test_cells_that_hold_no_value_are_missing_among_numbers(cell: str) -> None:
    found = table(column_of("1.5", cell, "2")).column("t")

    assert (found.type, found.num_missing) == (ColumnType.NUMBER, 1)


def test_a_dash_is_missing_among_dates_and_a_label_among_texts() -> None:
    found = table("d,class\n2020-01-01,+\n-,-\n2020-01-03,NA\n")

    assert found.column("d").num_missing == 1
    assert tuple(found.column("class").labels) == ("+", "-")
    assert found.column("class").num_missing == 1


def test_the_client_says_which_cells_and_numbers_are_missing() -> None:
    found = read(column_of("1", "none", "-999", "NA"), na=["none", "NA"], sentinels=[-999])

    assert found.table.column("t").num_missing == 3
    assert found.choices["na"].value == ["none", "NA"]
    assert found.choices["sentinels"].value == [-999]


def test_whole_numbers_keep_their_identity() -> None:
    ids = [2**53 + index for index in range(4)]
    large = [2**64 + index for index in range(4)]
    rows = "".join(f"{small},{big}\n" for small, big in zip(ids, large, strict=True))
    found = table("id,big\n" + rows)

    assert found.column("id").groups()[1] == tuple(map(str, ids))
    assert tuple(found.column("big").groups()[1]) == tuple(map(str, large))


def test_booleans_are_noticed() -> None:
    found = table("a,b\nTrue,x\nFALSE,true\n,false\n")

    assert [column.type for column in found.columns] == [ColumnType.BOOLEAN, ColumnType.TEXT]


@pytest.mark.parametrize(
    "text", [",a,b\n0,1.5,x\n1,2.5,y\n", '"","a","b"\n"1",1.5,"x"\n"2",2.5,"y"\n']
)
def test_row_names_of_pandas_and_r_are_an_index(text: str) -> None:
    found = read(text)

    assert [column.name for column in found.table.columns] == ["index", "a", "b"]
    assert found.choices["index_column"].value == "index"
    assert refusal(text, index_column="none").problems[0].code == "column_unnamed"


def test_a_missing_header_is_noticed_and_no_row_is_lost() -> None:
    found = read("2020-01-01,1.5,10\n2020-01-02,2.5,11\n")

    assert [column.name for column in found.table.columns] == ["column_1", "column_2", "column_3"]
    assert (found.table.num_rows, found.table.first_row) == (2, 1)
    assert found.choices["header"].value == "none"
    assert "'2020-01-01'" in found.choices["header"].chosen_because


def test_a_first_row_of_whole_numbers_is_asked_about() -> None:
    text = "1,2\n3,4\n"

    assert refusal(text).problems[0].code == "header_missing"
    assert table(text, header="none").num_rows == 2
    assert [column.name for column in table(text, header="first_row").columns] == ["1", "2"]


@pytest.mark.parametrize("text", ["1,-2\n3,4\n", "0,0,5\n1,2,3\n"])
def test_numbers_that_can_be_no_names_are_data(text: str) -> None:
    assert read(text).choices["header"].value == "none"


def test_single_spaces_separate_cells_where_nothing_else_does() -> None:
    found = read("Weight Waist\n191.5 36\n189 37\n")

    assert found.choices["delimiter"].value == "space"
    assert found.table.column("Waist").values().tolist() == [36, 37]
    assert read("some words\nof prose\n").choices["delimiter"].value == ","


def test_years_that_rise_are_a_header() -> None:
    found = table("country,2019,2020\nA,1,2\nB,3,4\n")

    assert [column.name for column in found.columns] == ["country", "2019", "2020"]


@pytest.mark.parametrize(
    ("text", "skipped", "first_row"),
    [
        ("# made by x\n# y\na,b\n1,2\n", 2, 4),
        ("Report of today\n\na,b\n1,2\n3,4\n", 2, 3),
        ("a,b\n1,2\n", 0, 2),
    ],
)
def test_lines_before_the_header_are_left_out(text: str, skipped: int, first_row: int) -> None:
    found = read(text)

    assert found.choices["skip_lines"].value == skipped
    assert [column.name for column in found.table.columns] == ["a", "b"]
    assert found.table.first_row == first_row


def test_rows_are_numbered_as_in_the_file_after_lines_that_are_left_out() -> None:
    assert refusal("x\ny\na,b\n1,2\n3\n", skip_lines=2).problems[0].pointer == "row/5"
    assert refusal("a\n1\n", skip_lines=9).problems[0].pointer == "query/skip_lines"


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("a:b\n1:2\n", {"delimiter": ":"}),
        ("a b\n1 2\n", {"delimiter": "space"}),
        ("a\tb\n1\t2\n", {"delimiter": "tab"}),
        ("'a','b'\n'1','2'\n", {"quote": "'"}),
    ],
)
def test_delimiters_and_quotes_can_be_told(text: str, options: dict[str, str]) -> None:
    found = table(text, **options)

    assert [column.name for column in found.columns] == ["a", "b"]
    assert found.column("b").values().tolist() == [2.0]


def test_quotes_without_a_meaning_stay_in_the_cells() -> None:
    found = table('a,b\n5" pipe,1\n"x,2\n', quote="none")

    assert tuple(found.column("a").labels) == ('5" pipe', '"x')


@pytest.mark.parametrize(
    ("text", "encoding", "value"),
    [
        ("größe,n\n1,2\n", "latin-1", "cp1252"),
        ("größe,n\n1,2\n", "utf-16", "utf-16"),
        ("größe,n\n1,2\n", "utf-16-le", "utf-16"),
        ("größe,n\n1,2\n", "utf-16-be", "utf-16"),
        ("größe,n\n1,2\n", "utf-8-sig", "utf-8"),
        ("größe,n\n1,2\n", "utf-8", "utf-8"),
    ],
)
def test_encodings_are_recognised(text: str, encoding: str, value: str) -> None:
    found = read_table_file(text.encode(encoding), ReaderOptions())

    assert found.table.columns[0].name == "größe"
    assert found.choices["encoding"].value == value


def test_an_encoding_can_be_told() -> None:
    content = "größe\n1\n".encode("latin-1")

    assert read_table_file(content, ReaderOptions(encoding="latin-1")).table.num_rows == 1
    for encoding, code in (("utf-8", "not_utf8"), ("utf-16", "wrong_encoding")):
        with pytest.raises(InvalidData) as caught:
            read_table_file(content, ReaderOptions.model_validate({"encoding": encoding}))
        assert caught.value.problems[0].code == code


def test_a_long_file_of_many_chunks_is_read_as_one() -> None:
    rows = 1_500_000
    found = table("x,late,w\n" + "0.5,7,a\n" * (rows - 1) + "-,oops,b\n")

    assert found.num_rows == rows
    assert found.column("x").values()[:-1].sum() == 0.5 * (rows - 1)
    assert found.column("x").num_missing == 1
    assert tuple(found.column("late").labels) == ("7", "oops")
    assert found.column("w").codes()[-1] == 1
