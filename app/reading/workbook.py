"""The sheet of an Excel workbook (xlsx) as CSV, with bounds on what it unpacks to."""

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, time, timedelta

import openpyxl
from openpyxl.worksheet._read_only import ReadOnlyWorksheet

from app.domain.compact import MAX_EXACT
from app.domain.datasets import MAX_COLUMNS
from app.domain.errors import InvalidData

ZIP_MAGIC = b"PK\x03\x04"
#: Bytes of XML that a workbook may unpack to; a cell takes some 40 of them.
MAX_XML_BYTES = 128 * 2**20
#: Rows and sheets beyond it are empty in every workbook that Excel writes.
MAX_PARTS = 10_000
#: Rows of a sheet in which a cell is searched that shows it is not empty.
_SEARCHED_ROWS = 1000
_MARK = "xl/workbook.xml"
#: A part of other zip files -> what to do with such a file.
_OTHERS = {
    "xl/workbook.bin": "This is a binary Excel file (xlsb). Save the sheet as CSV or xlsx",
    "content.xml": "This is an OpenDocument file. Save the sheet as CSV or xlsx",
    "word/document.xml": "This is a Word file. Send the table as CSV or xlsx",
}
Cell = str | float | bool | date | time | timedelta | None


def workbook_as_csv(content: bytes, *, max_bytes: int) -> bytes:
    """Returns the only sheet that has cells, between commas.

    Raises InvalidData for a damaged file, several such sheets, and more than `max_bytes`.
    """
    try:
        _refuse_large(content)
        book = openpyxl.load_workbook(
            io.BytesIO(content), read_only=True, data_only=True, keep_links=False
        )
        return _as_csv(_sheet(book), max_bytes)
    except (InvalidData, MemoryError, TimeoutError):
        raise
    except Exception as error:  # the library has no class for its errors
        detail = f"the workbook is damaged or not supported: {type(error).__name__}: {error}"
        raise InvalidData.at("file", detail[:300], code="broken_file") from error


def _refuse_large(content: bytes) -> None:
    """Raises InvalidData before anything is unpacked.

    `zipfile` unpacks no more of a part than the size that is declared and summed here.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        parts = {each.filename: each.file_size for each in book.infolist()}
        num_parts = len(book.infolist())
    if _MARK not in parts:
        detail = next((told for name, told in _OTHERS.items() if name in parts), None)
        detail = detail or "This is a zip file. Unpack it, or pack the file in it with gzip"
        raise InvalidData.at("file", detail, code="format_not_read")
    if sum(parts.values()) > MAX_XML_BYTES or num_parts > MAX_PARTS:
        detail = f"unpacked, the workbook has more than {MAX_XML_BYTES} bytes or {MAX_PARTS} parts"
        raise InvalidData.at("file", detail, code="unpacked_too_large")


def _sheet(book: openpyxl.Workbook) -> ReadOnlyWorksheet:
    """Returns the only visible sheet with cells. Raises InvalidData where there are several."""
    visible = [each for each in book.worksheets if each.sheet_state == "visible"]
    filled = [each for each in visible if _has_cells(each)] if len(visible) > 1 else visible
    if not filled:
        raise InvalidData.at("file", "the workbook has no cells", code="empty")
    if len(filled) > 1:
        names = ", ".join(repr(each.title) for each in filled[:5])
        detail = f"{len(filled)} sheets have cells: {names}. Save the one that is meant alone"
        raise InvalidData.at("file", detail, code="several_sheets")
    return filled[0]


def _has_cells(sheet: ReadOnlyWorksheet) -> bool:
    rows = sheet.iter_rows(max_row=_SEARCHED_ROWS, values_only=True)
    return any(cell is not None for row in rows for cell in row)


def _as_csv(sheet: ReadOnlyWorksheet, max_bytes: int) -> bytes:
    # what a file declares as its dimensions is often wrong
    sheet.reset_dimensions()
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    num_columns = 0
    for number, row in enumerate(_filled(sheet), start=1):
        num_columns = num_columns or len(row)
        if len(row) > MAX_COLUMNS:
            detail = f"row {number} has {len(row)} columns, more than {MAX_COLUMNS}"
            raise InvalidData.at(f"row/{number}", detail, code="too_many_columns")
        writer.writerow([*map(_text, row), *[""] * (num_columns - len(row))])
        if text.tell() > max_bytes:
            detail = f"the sheet has more than {max_bytes} bytes as CSV"
            raise InvalidData.at("file", detail, code="unpacked_too_large")
    if not num_columns:
        raise InvalidData.at("file", "the workbook has no cells", code="empty")
    return text.getvalue().encode("utf-8", "replace")


def _filled(sheet: ReadOnlyWorksheet) -> Iterator[Sequence[Cell]]:
    """Yields rows with a cell, up to the last one."""
    for row in sheet.iter_rows(values_only=True):
        # a row that is left out has no cells at all, and there can be a million of them
        width = len(row)
        while width and row[width - 1] is None:
            width -= 1
        if width:
            yield row[:width]


def _text(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case float() if cell.is_integer() and abs(cell) < MAX_EXACT:
            return str(int(cell))
        case date() | time():
            return cell.isoformat()
        case timedelta():
            return str(cell.total_seconds())
        case _:
            return str(cell)
