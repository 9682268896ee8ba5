"""How the file of an upload is to be read: what a client may say, and what was chosen."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

AUTO: Literal["auto"] = "auto"
#: Cells that stand for no value in any column.
MISSING_CELLS = (
    *("", "NA", "N/A", "n/a", "#N/A", "#N/A N/A", "#NA", "<NA>", "NaN", "nan", "-NaN", "-nan"),
    *("1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN", "null", "NULL", "Null", "None", "NaT", "#NULL!"),
)
#: Cells that stand for no value among numbers or dates. They can be labels among texts.
MISSING_AMONG_NUMBERS = (
    *("-", "--", "---", "–", "—", "?", ".", "..", "...", "*", "n.a.", "N.A.", "na", "nd", "n.d."),
    *("k.A.", "nil", "none", "missing", "(null)", "[null]", "<null>", "\\N"),
    *("#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!"),
)
Encoding = Literal[
    "auto",
    "utf-8",
    "utf-16",
    "utf-32",
    "latin-1",
    "iso-8859-2",
    "cp1250",
    "cp1251",
    "cp1252",
    "cp437",
    "koi8-r",
    "mac-roman",
    "shift_jis",
    "euc-jp",
    "euc-kr",
    "gb18030",
    "big5",
]
Sentinel = Annotated[float, Field(allow_inf_nan=False)]
ShortOption = Annotated[str, Field(min_length=1, max_length=200)]


class ReaderOptions(BaseModel):
    """How to read the file; `auto` lets the reader choose and say why."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    delimiter: Annotated[str, Field(pattern=r"^(auto|tab|space|[!#-&(-/:-@\[-`{-~])$")] = AUTO
    """Separates cells: `tab`, `space` or one sign of ASCII."""
    decimal: Literal["auto", ".", ","] = AUTO
    """The decimal sign of numbers."""
    thousands: Literal["auto", "none", ",", ".", "space", "'"] = AUTO
    """Groups the digits of numbers."""
    na: Annotated[tuple[Annotated[str, Field(max_length=100)], ...], Field(max_length=50)] = (AUTO,)
    """Cells that stand for no value, in place of those that are known; blank ones always do."""
    sentinels: Annotated[tuple[Literal["auto"] | Sentinel, ...], Field(max_length=50)] = (AUTO,)
    """Numbers that stand for no value, for instance -999; `auto` takes none."""
    encoding: Encoding = AUTO
    """Encoding of the text."""
    quote: Literal["auto", '"', "'", "none"] = AUTO
    """Encloses cells that contain delimiters or line ends."""
    header: Literal["auto", "first_row", "none"] = AUTO
    """Whether the first row names the columns; without one they are column_1, column_2, …"""
    skip_lines: Literal["auto"] | Annotated[int, Field(ge=0, le=10_000)] = AUTO
    """Lines before the header."""
    date_format: ShortOption = AUTO
    """`iso`, `epoch_s`, `epoch_ms`, `epoch_us`, `epoch_ns`, `none`, or a pattern such as
    `%d.%m.%Y %H:%M`."""
    day_first: Literal["auto"] | bool = AUTO
    """Whether 1/2/2020 is the first of February."""
    time_zone: ShortOption = AUTO
    """Zone of times without one, for instance Europe/Berlin; `auto` is UTC."""
    index_column: ShortOption = AUTO
    """The column that only numbers the rows; `none` where there is none."""


class Choice(BaseModel):
    """What one option of the reader was in the end."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    value: JsonValue
    """The value in force."""
    chosen_because: str
    """Who or what chose it."""


def as_asked(value: JsonValue) -> Choice:
    return Choice(value=value, chosen_because="the request says so")
