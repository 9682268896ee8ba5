"""Columns of numbers with a decimal comma, grouped digits, a currency or a percent sign.

A convention is a decimal sign and a sign that groups digits. Those that fit all cells of a column
are kept; where several do and give other numbers, the other columns of the file decide, or the
client is asked.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from app.domain.errors import InvalidData
from app.domain.reader_options import AUTO, ReaderOptions
from app.domain.tables import Column
from app.reading.buffers import bytes_in, with_byte
from app.reading.cells import Cells, all_match
from app.reading.patterns import NUMBER, NUMBER_LIKE, SPACE, SPACES, SYMBOLS, for_python
from app.reading.plain import read_plain

#: Cells that are tried before all of them are.
PROBED_CELLS = 50
#: Bytes of numbers without letters and symbols, and with them those of decimals and groupings.
_PLAIN = frozenset(b"0123456789+-")
_BARE = _PLAIN | frozenset(b".,'eE")
_EXPONENT = r"(?:[eE][+-]?[0-9]+)?"
_GROUPINGS = {
    "none": "",
    ",": ",",
    ".": r"\.",
    "space": SPACE,
    "'": "['’]",
}
#: Bytes of which at least one is in a text with grouped digits.
_BYTES_OF_GROUPING = {"none": b"", ",": b",", ".": b".", "space": b" \xc2\xe2", "'": b"'\xe2"}
Convention = tuple[str, str]
PLAIN: Convention = (".", "none")
#: Numbers whose point may group digits.
GROUPED = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:\.[0-9]{3})+")


def _pattern(decimal: str, grouping: str) -> str:
    point = re.escape(decimal)
    plain = rf"[0-9]+(?:{point}[0-9]*)?|{point}[0-9]+"
    if grouping:
        # 0,123 has no grouped digits
        groups = rf"[0-9]{{0,2}}(?:{grouping}[0-9]{{3}})+"
        if grouping == ",":
            # in India by twos before the last three
            groups += r"|[0-9]?(?:,[0-9]{2})+,[0-9]{3}"
        plain = rf"[1-9](?:{groups})(?:{point}[0-9]*)?|{plain}"
    return rf"^[+-]?(?:{plain}){_EXPONENT}$"


#: (decimal, thousands) -> what all cells of a column have to look like, the plain one first.
CONVENTIONS: dict[Convention, str] = {
    (decimal, thousands): _pattern(decimal, grouping)
    for thousands, grouping in _GROUPINGS.items()
    for decimal in (".", ",")
    if decimal != thousands
}


@dataclass(frozen=True, kw_only=True)
class NumberTexts:
    """A column whose cells are numbers under at least one convention."""

    #: Without signs of currency or percent.
    cells: Cells
    conventions: tuple[Convention, ...]
    #: The sign that all cells have, or "".
    symbol: str

    @property
    def decimals(self) -> set[str]:
        return {decimal for decimal, _ in self.conventions}


def find_numbers(cells: Cells, options: ReaderOptions) -> NumberTexts | None:
    """Returns the numbers of a column; None where a cell is something else."""
    probed = cells.filled(PROBED_CELLS)
    if not probed or not all(NUMBER_LIKE.fullmatch(cell) for cell in probed):
        return None
    signs = bytes_in(cells.chunks)
    is_bare = set(signs) <= _BARE
    if not is_bare and not all_match(cells, NUMBER):
        return None
    symbol = "" if is_bare else _symbol(cells, probed[0])
    if symbol is None:
        return None
    stripped = cells if is_bare else cells.of(lambda chunk: _without(chunk, symbol))
    conventions = _fitting(stripped, signs, options)
    if not conventions:
        return None
    return NumberTexts(cells=stripped, conventions=_smallest(conventions), symbol=symbol)


def _fitting(cells: Cells, signs: bytes, options: ReaderOptions) -> tuple[Convention, ...]:
    """Returns the conventions under which all cells are numbers; tries each pattern once."""
    found: dict[Convention, bool] = {}
    fitting: list[Convention] = []
    for decimal, thousands in CONVENTIONS:
        groups = any(byte in signs for byte in _BYTES_OF_GROUPING[thousands])
        same = (decimal if set(signs) & set(b".,") else ".", thousands if groups else "none")
        if same not in found and _is_asked((decimal, thousands), options):
            found[same] = _fits(cells, same, signs)
        if found.get(same) and _is_asked((decimal, thousands), options):
            fitting.append((decimal, thousands))
    return tuple(fitting)


def _fits(cells: Cells, convention: Convention, signs: bytes) -> bool:
    decimal, thousands = convention
    pattern = CONVENTIONS[convention]
    if not all(for_python(pattern).fullmatch(cell) for cell in cells.filled(PROBED_CELLS)):
        return False
    # a cast is faster than a pattern, and where there are no letters they take the same texts
    if thousands == "none" and set(signs) <= {*_PLAIN, ord(decimal)} and _are_cast(cells, decimal):
        return True
    return all_match(cells, pattern)


def _are_cast(cells: Cells, decimal: str) -> bool:
    try:
        for chunk in cells.chunks:
            pc.cast(with_byte(chunk, decimal.encode(), b"."), pa.float64())
    except pa.ArrowInvalid:
        return False
    return True


def _smallest(conventions: Sequence[Convention]) -> tuple[Convention, ...]:
    """Leaves out groupings where no grouping fits as well with the same decimal sign."""
    plain = {decimal for decimal, thousands in conventions if thousands == "none"}
    return tuple(
        (decimal, thousands)
        for decimal, thousands in conventions
        if thousands == "none" or decimal not in plain
    )


def _is_asked(convention: Convention, options: ReaderOptions) -> bool:
    decimal, thousands = convention
    fits_decimal = options.decimal in {AUTO, decimal} and options.thousands != decimal
    # numbers below 1000 have no grouped digits under any option
    return fits_decimal and (thousands == "none" or options.thousands in {AUTO, thousands})


def _symbol(cells: Cells, first: str) -> str | None:
    """Returns the sign that all cells have; None where only some have it."""
    found = [symbol for symbol in SYMBOLS if symbol in first][:1]
    for symbol in SYMBOLS:
        if found and symbol in found[0] and symbol != found[0]:
            continue
        counts = [pc.sum(pc.match_substring(chunk, symbol)).as_py() or 0 for chunk in cells.chunks]
        filled = [len(chunk) - chunk.null_count for chunk in cells.chunks]
        if sum(counts) != (sum(filled) if symbol in found else 0):
            return None
    return found[0] if found else ""


def _without(chunk: pa.StringArray, symbol: str) -> pa.StringArray:
    bare = pc.replace_substring(chunk, symbol, "") if symbol else chunk
    bare = pc.replace_substring(bare, "−", "-")
    bare = pc.replace_substring_regex(bare, rf"^([+-]?){SPACE}+([+-]?)", r"\1\2")
    return pc.utf8_trim(bare, SPACES)


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The decimal sign of a file's numbers, where columns decide it."""

    #: Decimal sign -> the column and cell that allow no other.
    witnesses: dict[str, str]
    #: Whether points may group digits although no cell tells it: where a semicolon separates cells.
    is_point_open: bool

    def pick(self, numbers: NumberTexts) -> Convention:
        """Returns the convention of one column. Raises InvalidData where nothing decides it."""
        is_open = self.is_point_open and (",", ".") in numbers.conventions and not self.witnesses
        is_plain = PLAIN in numbers.conventions and "," not in self.witnesses
        if len(numbers.decimals) > 1 and is_plain and not is_open:
            return PLAIN
        fitting = [
            convention
            for convention in numbers.conventions
            if len(numbers.decimals) == 1 or set(self.witnesses) == {convention[0]}
        ]
        if fitting:
            return fitting[0]
        cells = numbers.cells
        row, cell = cells.row_of(lambda chunk: pc.match_substring_regex(chunk, "[.,]"))
        name, sign = ("point", ".") if is_open else ("comma", ",")
        detail = f"row {row}, column {cells.name!r}: is the {name} of {cell!r} a decimal sign, or "
        detail += f"does it group digits? No cell decides it. Say `decimal={sign}` or "
        detail += f"`thousands={sign}`"
        raise InvalidData.at(f"row/{row}/{cells.name}", detail, code="ambiguous_number")


def decide(
    numbers: Sequence[NumberTexts], plain: Sequence[Cells], *, is_point_open: bool
) -> Decision:
    """Collects the columns that allow one decimal sign only."""
    witnesses: dict[str, str] = {}
    for each in numbers:
        if len(each.decimals) == 1:
            (decimal,) = each.decimals
            witness = _witness(each.cells)
            if witness:
                witnesses.setdefault(decimal, witness)
    if "." not in witnesses:
        for cells in plain:
            witness = _plain_witness(cells)
            if witness:
                witnesses["."] = witness
                break
    return Decision(witnesses=witnesses, is_point_open=is_point_open)


def _witness(cells: Cells) -> str | None:
    """Returns the first cell with a decimal sign or grouped digits, for people to read."""
    try:
        row, cell = cells.row_of(lambda chunk: pc.match_substring_regex(chunk, "[.,]"))
    except LookupError:
        return None
    return f"row {row} of column {cells.name!r} has {cell!r}"


def _plain_witness(cells: Cells) -> str | None:
    """Returns a plain number that is no number with a decimal comma."""
    for cell in cells.filled(PROBED_CELLS):
        if "." in cell and not GROUPED.fullmatch(cell):
            return f"column {cells.name!r} has {cell!r}"
    return None


def read_numbers(numbers: NumberTexts, convention: Convention) -> Column:
    """Casts the numbers of a column under one convention."""
    decimal, thousands = convention

    def plain(chunk: pa.StringArray) -> pa.StringArray:
        grouping = _GROUPINGS[thousands]
        if grouping:
            chunk = pc.replace_substring_regex(chunk, grouping, "")
        return with_byte(chunk, decimal.encode(), b".") if decimal != "." else chunk

    column = read_plain(numbers.cells.of(plain))
    if column is None:
        raise LookupError(numbers.cells.name)
    marks = [f"decimal sign {decimal}"] if decimal != "." else []
    marks += [f"digits grouped by {thousands}"] if thousands != "none" else []
    marks += [f"{numbers.symbol} left out"] if numbers.symbol else []
    return replace(column, read_as="number, " + ", ".join(marks) if marks else None)
