"""Layouts that are less common: which row names the columns, and what separates cells."""

import pytest

from app.domain.tables import ColumnType
from tests.reading.test_read_table import read, refusal, table


@pytest.mark.parametrize(
    "first", ["2020Q1,2020Q2", "Jan 2020,Feb 2020", "2020-01-01,2020-01-02", "1:00 PM,2:00 PM"]
)
def test_dates_above_numbers_are_names(first: str) -> None:
    found = table(f"id,{first}\na,1,2\nb,3,4\n")

    assert ",".join(column.name for column in found.columns[1:]) == first
    assert [column.type for column in found.columns[1:]] == [ColumnType.INTEGER] * 2


@pytest.mark.parametrize(
    "text",
    [
        "13/01/2020;1,5;2,5\n14/01/2020;2,5;3,5\n",
        "1,5;2,5;x\n2,5;3,5;y\n",
        "2020-01-01T00:00,a,1\n2020-01-01T01:00,b,2\n",
        "1:05 PM,5,x\n1:06 PM,6,y\n",
        "01-Jan-20|5|x\n02-Jan-20|6|y\n",
        "2020-W05,5,x\n2020-W06,6,y\n",
        "2020-01-01,,1\n2020-01-02,3,1\n",
        "Jan 2020\t1.5\t2\nFeb 2020\t2.5\t3\n",
    ],
)
def test_a_missing_header_is_noticed_and_no_row_is_lost(text: str) -> None:
    found = read(text)

    assert found.choices["header"].value == "none"
    assert (found.table.num_rows, len(found.table.columns)) == (2, 3)


def test_names_alone_are_a_header() -> None:
    assert table("anna,berlin\nbob,paris\n").num_rows == 1


def test_the_line_that_tells_excel_the_delimiter_is_followed() -> None:
    found = read("sep=;\r\na;b,c\r\n1,5;x,y\r\n2,5;z,w\r\n")

    assert found.choices["delimiter"].value == ";"
    assert found.choices["skip_lines"].value == 1
    assert [column.name for column in found.table.columns] == ["a", "b,c"]
    assert found.table.column("a").values().tolist() == [1.5, 2.5]


@pytest.mark.parametrize("text", ["a;b;\n1;2;\n", "a,,c\n1,2,3\n", ",,a\n0,x,1\n"])
def test_a_column_without_a_name_is_refused_with_its_place(text: str) -> None:
    (problem,) = refusal(text).problems

    assert problem.code == "column_unnamed"
    assert problem.pointer.startswith("row/1/")


@pytest.mark.parametrize(
    "text",
    [
        '"x" "y"\n"1" 5 a\n"2" 7 b\n',
        "x\ty\n1\t5\ta\n2\t7\tb\n",
        '"x","y"\n"1",5,"a"\n"2",7,"b"\n',
    ],
)
def test_names_of_rows_as_r_writes_tables_are_an_index(text: str) -> None:
    found = read(text)

    assert [column.name for column in found.table.columns] == ["index", "x", "y"]
    assert found.choices["index_column"].value == "index"
    assert (found.table.num_rows, found.table.first_row) == (2, 2)
    assert found.table.column("x").values().tolist() == [5, 7]


def test_a_row_with_a_cell_too_many_is_no_index() -> None:
    assert refusal("a,b\n1,2\n1,2,3\n").problems[0].pointer == "row/3"
