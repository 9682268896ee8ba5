"""Numbers that are less common, and those that could mean two things."""

import pytest

from app.domain.tables import ColumnType
from tests.reading.test_read_table import column_of, read, refusal, table


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1\u2009234,5", "2\u2009345,25"], [1234.5, 2345.25]),
        (["1'234.50", "22'345.1"], [1234.5, 22345.1]),
        (["1’234.50", "2’345"], [1234.5, 2345]),
        (["12,34,567.5", "1,00,000"], [1234567.5, 100000]),
        (["0,123", "0,456"], [0.123, 0.456]),
        (["R$ 1.234,50", "R$ 2,00"], [1234.5, 2]),
        (["5 zł", "-6 zł"], [5, -6]),
        (["CHF 1'000.50", "CHF 2'000.00"], [1000.5, 2000]),
        (["0,5 %", "1,25 %"], [0.5, 1.25]),
        (["1,5E3", "2,5e-1"], [1500, 0.25]),
    ],
)
def test_a_number_is_read(cells: list[str], values: list[float]) -> None:
    found = table(column_of(*cells, delimiter="\t")).column("t")

    assert found.type.is_numeric
    assert found.values().tolist() == values


@pytest.mark.parametrize("cells", [["1,2,3", "4"], ["12,345,67", "1"], ["$5", "5"], ["0x1F", "2"]])
def test_what_is_no_number_stays_text(cells: list[str]) -> None:
    assert table(column_of(*cells, delimiter="\t")).column("t").type is ColumnType.TEXT


def test_a_point_that_may_group_digits_is_asked_about_between_semicolons() -> None:
    text = column_of("1.234", "22.345")

    (problem,) = refusal(text).problems

    assert (problem.pointer, problem.code) == ("row/2/t", "ambiguous_number")
    assert table(text, decimal=".").column("t").values()[0] == 1.234
    assert table(text, thousands=".").column("t").values()[0] == 1234
    assert table(text, decimal=",").column("t").values()[0] == 1234


@pytest.mark.parametrize(
    "text",
    [
        "a;b\n1.234;x\n2.34;y\n",
        "a;b\n1.234;x\n0.345;y\n",
        "a;b\n1.234;2.5\n2.345;3.5\n",
        "a,b\n1.234,x\n2.345,y\n",
        "a\tb\n1.234\tx\n2.345\ty\n",
    ],
)
def test_a_point_is_a_decimal_sign_where_a_cell_shows_it_or_no_semicolon_separates(
    text: str,
) -> None:
    assert table(text).column("a").values()[0] == 1.234


def test_grouping_by_commas_alone_settles_the_comma() -> None:
    assert table(column_of("1,234", "2,345"), thousands=",").column("t").values()[0] == 1234


@pytest.mark.parametrize("shape", ["{}.0", "+{}", "{}.", "-{}"])
def test_whole_numbers_keep_their_identity_however_they_are_written(shape: str) -> None:
    cells = [shape.format(2**53 + index) for index in range(4)]
    found = table(column_of(*cells, delimiter=",")).column("t")

    assert found.type is ColumnType.INTEGER
    assert len(set(found.groups()[1])) == 4


@pytest.mark.parametrize(
    "cell",
    [
        "N.A.",
        "na",
        "n.d.",
        "k.A.",
        "nil",
        "(null)",
        "\\N",
        "–",
        "..",
        "*",
        "#NUM!",
        "#DIV/0!",
        "nan",
    ],
)
def test_cells_that_hold_no_value_are_missing_among_numbers(cell: str) -> None:
    found = read(column_of("1.5", cell, "2"))

    assert found.table.column("t").num_missing == 1
    assert found.choices["na"].value == [cell]


def test_a_letter_among_numbers_makes_a_text() -> None:
    assert table(column_of("1.5", "M", "2")).column("t").type is ColumnType.TEXT
