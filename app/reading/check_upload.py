"""Reads an uploaded file, describes it, and gives the form in which it is stored.

This is the one entry of the package.
"""

import re
from collections.abc import Mapping

from app.domain.cautions.examine import examine
from app.domain.cautions.subject import Subject
from app.domain.column_roles import roles_of_profile
from app.domain.columnar import encode_table
from app.domain.errors import InvalidData
from app.domain.profiles import profile_csv, profile_text, with_cautions
from app.domain.reader_options import Choice, ReaderOptions
from app.domain.suggestions.suggest import suggest_for_table, suggest_for_text
from app.domain.tables import Table
from app.domain.uploads import AskedKind, CheckedUpload, CheckRequest, DatasetKind
from app.reading.columns import read_columns
from app.reading.decoding import to_utf8, unpack
from app.reading.json_lines import is_json_lines, split_json_lines
from app.reading.layout import is_table
from app.reading.parquet import is_parquet, read_parquet
from app.reading.read_table import ReadTable, read_table_file
from app.reading.workbook import ZIP_MAGIC, workbook_as_csv

#: Bytes that a packed file may unpack to.
MAX_UNPACKED_BYTES = 64 * 2**20
#: The same for Parquet, whose numbers take more bytes unpacked than as texts.
MAX_PARQUET_BYTES = 256 * 2**20
_JSON_ARRAY = re.compile(rb"\s*\[\s*[\[{]")


def check_upload(request: CheckRequest, content: bytes) -> tuple[CheckedUpload, bytes]:
    """Returns what a file holds and its stored form.

    Raises InvalidData with the places of the errors.
    """
    unpacked = unpack(content, max_bytes=max(MAX_UNPACKED_BYTES, len(content)))
    if request.kind == "parquet" or (request.kind != "text" and is_parquet(unpacked)):
        found = read_parquet(unpacked, request.options, max_bytes=MAX_PARQUET_BYTES)
        return _table("parquet", found)
    if unpacked.startswith(ZIP_MAGIC):
        return _table("csv", _workbook(unpacked, request.options))
    if request.kind == "xlsx":
        detail = "This is no Excel file (xlsx). Say kind=auto, or save the sheet as xlsx"
        raise InvalidData.at("file", detail, code="format_not_read")
    text, encoding = to_utf8(unpacked, encoding=request.options.encoding)
    match _kind_of(request, text):
        case "text":
            profile = profile_text(text.decode())
            suggested = suggest_for_text(text, profile)
            described = profile.model_copy(update={"suggested": suggested})
            return CheckedUpload(kind="text", profile=described), text
        case "jsonl":
            return _table("jsonl", _json_lines(text, request.options, encoding))
        case _:
            found = read_table_file(text, request.options.model_copy(update={"encoding": "utf-8"}))
            choices: Mapping[str, Choice] = {**found.choices, "encoding": encoding}
            return _table("csv", ReadTable(table=found.table, choices=dict(choices)))


def _kind_of(request: CheckRequest, text: bytes) -> AskedKind:
    """Tells what a text holds where the client leaves it open."""
    if request.kind != "auto":
        return request.kind
    if is_json_lines(text):
        return "jsonl"
    if _JSON_ARRAY.match(text):
        detail = "This is a JSON array. Send its objects as JSON lines, one object a line"
        raise InvalidData.at("file", detail, code="format_not_read")
    return "csv" if is_table(text, request.options) else "text"


def _workbook(content: bytes, options: ReaderOptions) -> ReadTable:
    """Reads the table of a workbook; options of texts have no meaning there."""
    text = workbook_as_csv(content, max_bytes=MAX_UNPACKED_BYTES)
    as_text = {"delimiter": ",", "quote": '"', "encoding": "utf-8"}
    found = read_table_file(text, options.model_copy(update=as_text))
    choices = {name: choice for name, choice in found.choices.items() if name not in as_text}
    return ReadTable(table=found.table, choices=choices)


def _json_lines(text: bytes, options: ReaderOptions, encoding: Choice) -> ReadTable:
    cells = split_json_lines(text)
    if not cells:
        raise InvalidData.at("row/1", "there are no values", code="no_rows")
    num_rows = sum(len(chunk) for chunk in cells[0].chunks)
    columns, choices = read_columns(cells, options)
    table = Table(columns=columns, num_rows=num_rows, delimiter="", first_row=1)
    return ReadTable(table=table, choices={"encoding": encoding, **choices})


def _table(kind: DatasetKind, found: ReadTable) -> tuple[CheckedUpload, bytes]:
    profile = profile_csv(found.table, reader=found.choices)
    suggested = suggest_for_table(found.table, profile)
    profile = profile.model_copy(update={"suggested": suggested})
    examined = examine(Subject.of(found.table, roles_of_profile(profile)))
    checked = CheckedUpload(kind=kind, profile=with_cautions(profile, examined))
    return checked, encode_table(found.table)
