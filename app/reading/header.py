"""Whether the first row names the columns, and the names."""

from collections.abc import Iterator, Sequence
from itertools import islice

from app.domain.datasets import MAX_COLUMNS, MAX_NAME_CHARACTERS
from app.domain.errors import MAX_PROBLEMS, InvalidData, Problem
from app.domain.reader_options import AUTO, MISSING_CELLS, Choice, ReaderOptions, as_asked
from app.reading.patterns import DATE_LIKE, NUMBER_LIKE, WHOLE

#: A header may be of whole numbers where they are years.
YEARS = range(1800, 2201)
#: Names that a nameless column of row numbers is given, the first that is free.
INDEX_NAMES = ("index", "row_index", "unnamed_index")


def find_header(
    first: Sequence[str], below: Sequence[Sequence[str]], options: ReaderOptions
) -> tuple[bool, Choice]:
    """Returns whether the first row is a header. Raises InvalidData where it cannot be told."""
    if options.header != AUTO:
        return options.header == "first_row", as_asked(options.header)
    if first and not first[0] and any(first):
        return True, Choice(value="first_row", chosen_because="its first cell is empty: an index")
    alike = [
        cell
        for index, cell in enumerate(first)
        if is_value(cell) and all(_are_alike(cell, each) for each in _filled(below, index))
    ]
    names = [
        cell
        for index, cell in enumerate(first)
        if cell
        and not is_value(cell)
        and (cells := _filled(below, index))
        and all(is_value(each) for each in cells)
    ]
    if not alike or names:
        return True, Choice(value="first_row", chosen_because="its cells differ from those below")
    if any(not WHOLE.fullmatch(cell) or cell.startswith(("-", "+")) for cell in alike):
        reason = f"the first row has {alike[0]!r}, a value like those below, and no name"
        return False, Choice(value="none", chosen_because=reason)
    if len(set(alike)) < len(alike):
        reason = "the first row has a number twice, as those below, and names differ"
        return False, Choice(value="none", chosen_because=reason)
    if len(alike) < len([cell for cell in first if cell]) and _are_years(alike):
        return True, Choice(value="first_row", chosen_because="its numbers are years that rise")
    detail = f"the first row must name the columns, and {alike[0]!r} is a number like those below; "
    detail += "say header=none where the first row is data, header=first_row where it is names"
    raise InvalidData.at("row/1", detail, code="header_missing")


def _are_years(cells: Sequence[str]) -> bool:
    years = [int(cell) for cell in cells]
    return all(year in YEARS for year in years) and years == sorted(set(years))


def _filled(rows: Sequence[Sequence[str]], index: int) -> list[str]:
    cells = [row[index] for row in rows if index < len(row)]
    return [cell for cell in cells if cell not in MISSING_CELLS]


def _are_alike(cell: str, below: str) -> bool:
    """Whether both are numbers, or both are dates: above numbers, 2020-01-01 is a name."""
    return any(
        bool(pattern.fullmatch(cell)) and bool(pattern.fullmatch(below))
        for pattern in (NUMBER_LIKE, DATE_LIKE)
    )


def is_value(cell: str) -> bool:
    return bool(cell) and bool(NUMBER_LIKE.fullmatch(cell) or DATE_LIKE.fullmatch(cell))


def name_columns(first: Sequence[str], options: ReaderOptions) -> tuple[tuple[str, ...], Choice]:
    """Returns the names of a header, and which of them is that of an index.

    Raises InvalidData with the place of each bad name.
    """
    names = list(first)
    index = options.index_column
    if index == AUTO:
        choice = Choice(value="none", chosen_because="each column has a name")
        if len(names) > 1 and not names[0]:
            names[0] = next(name for name in INDEX_NAMES if name not in names[1:])
            reason = "the first cell of the header is empty, as pandas and R write row names"
            choice = Choice(value=names[0], chosen_because=reason)
    else:
        choice = as_asked(index)
        if index not in {"none", *names}:
            detail = f"the header has no column {index!r}"
            raise InvalidData.at("query/index_column", detail, code="no_such_column")
    refuse_bad_names(names)
    return tuple(names), choice


def refuse_bad_names(names: Sequence[str]) -> None:
    """Raises InvalidData with the place of each bad name."""
    problems = list(islice(_problems(names), MAX_PROBLEMS))
    if problems:
        raise InvalidData(problems[0].detail, problems=problems)


def check_width(num_columns: int) -> None:
    """Raises InvalidData for more columns than a table may have."""
    if num_columns > MAX_COLUMNS:
        detail = f"{num_columns} columns are more than {MAX_COLUMNS}"
        raise InvalidData.at("row/1", detail, code="too_many_columns")


def _problems(names: Sequence[str]) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, name in enumerate(names):
        place = f"row/1/{index + 1}"
        if not name:
            detail = f"column {index + 1} has no name"
            yield Problem(pointer=place, detail=detail, code="column_unnamed")
        elif len(name) > MAX_NAME_CHARACTERS:
            detail = f"the name of column {index + 1} is over {MAX_NAME_CHARACTERS} characters"
            yield Problem(pointer=place, detail=detail, code="column_name_too_long")
        elif name in seen:
            detail = f"two columns are named {name!r}"
            yield Problem(pointer=place, detail=detail, code="column_duplicate")
        seen.add(name)
