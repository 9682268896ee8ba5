"""Reads an uploaded file, describes it, and gives the form in which it is stored.

This is the one entry of the package.
"""

from typing import assert_never

from app.domain.columnar import encode_table
from app.domain.profiles import profile_csv, profile_text
from app.domain.uploads import CheckedUpload, CheckRequest
from app.reading.decoding import to_utf8, unpack
from app.reading.read_table import read_table_file

#: Bytes that a packed file may unpack to.
MAX_UNPACKED_BYTES = 64 * 2**20


def check_upload(request: CheckRequest, content: bytes) -> tuple[CheckedUpload, bytes]:
    """Returns what a file holds and its stored form.

    Raises InvalidData with the places of the errors.
    """
    unpacked = unpack(content, max_bytes=max(MAX_UNPACKED_BYTES, len(content)))
    match request.kind:
        case "csv":
            found = read_table_file(unpacked, request.options)
            profile = profile_csv(found.table, reader=found.choices)
            return CheckedUpload(kind=request.kind, profile=profile), encode_table(found.table)
        case "text":
            text, _ = to_utf8(unpacked, encoding=request.options.encoding)
            profile_of_text = profile_text(text.decode())
            return CheckedUpload(kind=request.kind, profile=profile_of_text), text
        case _:
            assert_never(request.kind)
