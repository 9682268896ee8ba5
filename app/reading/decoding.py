"""From the bytes of a file to UTF-8, with a bound on what a packed file unpacks to."""

import codecs
import re
import zlib

from app.domain.errors import InvalidData
from app.domain.reader_options import Choice, Encoding, as_asked

GZIP_MAGIC = b"\x1f\x8b"
#: Bytes that are looked at to tell Latin-1 from binary data.
SAMPLE_BYTES = 2**20
_PIECE = 2**20
_MARKS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8"),
    # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: Bytes that no text in Latin-1 or Windows-1252 has, or that only damaged UTF-8 has.
_NOT_LATIN = re.compile(
    rb"[\x00-\x08\x0e-\x1f\x7f\x81\x8d\x8f\x90\x9d]|[\xc0-\xf7][\x80-\xbf]"
    # ÿ stands inside of French names only, and is frequent in binary data
    rb"|(?<![A-Za-z])\xff|\xff(?![A-Za-z-])"
)
_NOT_ASCII = re.compile(rb"[\x80-\xff]+")
#: Letters in a row that are not ASCII, of which words of Western Europe rarely have so many.
_MANY_IN_A_ROW = 3
#: First bytes of other formats -> what to do with such a file.
_OTHER_FORMATS: tuple[tuple[bytes, str], ...] = (
    (b"\xd0\xcf\x11\xe0", "This is an old Excel file (xls). Save the sheet as CSV and send that"),
    (b"ARROW1", "This is an Arrow file. Save the table as Parquet or CSV and send that"),
    (b"BZh", "This file is packed with bzip2. Unpack it, or pack it with gzip"),
    (b"\xfd7zXZ", "This file is packed with xz. Unpack it, or pack it with gzip"),
    (b"(\xb5/\xfd", "This file is packed with Zstandard. Unpack it, or pack it with gzip"),
    (b"%PDF", "This is a PDF. Send the table as CSV"),
)


def unpack(content: bytes, *, max_bytes: int) -> bytes:
    """Returns the content of a gzip file, and any other file unchanged.

    Raises InvalidData for a damaged file, one that unpacks to more than `max_bytes`, and a file of
    a format that is not read.
    """
    for magic, detail in _OTHER_FORMATS:
        if content.startswith(magic):
            raise InvalidData.at("file", detail, code="format_not_read")
    return _gunzip(content, max_bytes) if content.startswith(GZIP_MAGIC) else content


def _gunzip(content: bytes, max_bytes: int) -> bytes:
    pieces: list[bytes] = []
    size, rest = 0, content
    try:
        while rest.startswith(GZIP_MAGIC):
            member = zlib.decompressobj(wbits=31)
            while not member.eof:
                piece = member.decompress(rest, _PIECE)
                rest = member.unconsumed_tail
                size += len(piece)
                if size > max_bytes:
                    detail = f"unpacked, the file has more than {max_bytes} bytes"
                    raise InvalidData.at("file", detail, code="unpacked_too_large")
                if not piece and not rest and not member.eof:
                    detail = "the gzip file ends too early"
                    raise InvalidData.at(f"byte/{len(content)}", detail, code="broken_file")
                pieces.append(piece)
            rest = member.unused_data
    except zlib.error as error:
        detail = f"the gzip file is damaged: {error}"
        raise InvalidData.at("file", detail, code="broken_file") from error
    return b"".join(pieces)


def to_utf8(content: bytes, *, encoding: Encoding) -> tuple[bytes, Choice]:
    """Returns the text in UTF-8, without a byte order mark, and how its encoding was found.

    Raises InvalidData where it is empty, has a NUL, or is in no encoding that is read.
    """
    text, choice = _decoded(content, encoding)
    if not text or text.isspace():
        raise InvalidData.at("file", "the file is empty", code="empty")
    if (place := text.find(b"\x00")) >= 0:
        line = text.count(b"\n", 0, place) + 1
        detail = f"line {line} contains a NUL character"
        raise InvalidData.at(f"line/{line}", detail, code="nul")
    return text, choice


def _decoded(content: bytes, encoding: Encoding) -> tuple[bytes, Choice]:
    if encoding != "auto":
        return _from(content, encoding), as_asked(encoding)
    for mark, name in _MARKS:
        if content.startswith(mark):
            reason = "the file begins with its byte order mark"
            shown = name.removesuffix("-le").removesuffix("-be")
            return _from(content[len(mark) :], name), Choice(value=shown, chosen_because=reason)
    unmarked = _utf16_without_mark(content)
    if unmarked:
        reason = "every second byte of its beginning is zero"
        return _from(content, unmarked), Choice(value="utf-16", chosen_because=reason)
    fault = first_fault(content)
    if fault is None:
        return content, Choice(value="utf-8", chosen_because="all bytes are valid UTF-8")
    samples = (content[:SAMPLE_BYTES], content[max(0, fault - _PIECE) : fault + _PIECE])
    if any(_NOT_LATIN.search(sample) for sample in samples) or not _is_western(samples[1]):
        detail = f"byte {fault} is not valid UTF-8, and the file does not look like Latin-1; "
        detail += "save it as UTF-8, or name its encoding with the option `encoding`"
        raise InvalidData.at(f"byte/{fault}", detail, code="not_utf8")
    reason = f"byte {fault} is not valid UTF-8, and all bytes are letters of Western Europe"
    return _from(content, "cp1252"), Choice(value="cp1252", chosen_because=reason)


def _is_western(sample: bytes) -> bool:
    """Whether most letters that are not ASCII stand among letters that are."""
    runs = [len(run) for run in _NOT_ASCII.findall(sample)]
    return 2 * sum(run for run in runs if run >= _MANY_IN_A_ROW) <= sum(runs)


def _from(content: bytes, encoding: str) -> bytes:
    """Returns the text in UTF-8. Raises InvalidData with the first byte that does not fit."""
    if encoding == "utf-8":
        content = content.removeprefix(codecs.BOM_UTF8)
        fault = first_fault(content)
        if fault is None:
            return content
        detail = f"byte {fault} is not valid UTF-8; try the option encoding=latin-1"
        raise InvalidData.at(f"byte/{fault}", detail, code="not_utf8")
    try:
        return content.decode(encoding).removeprefix("\ufeff").encode()
    except UnicodeError as error:
        place = error.start if isinstance(error, UnicodeDecodeError) else 0
        detail = f"byte {place} is not valid {encoding}; try another `encoding`"
        raise InvalidData.at(f"byte/{place}", detail, code="wrong_encoding") from error


def first_fault(content: bytes) -> int | None:
    """Returns the place of the first byte that is not UTF-8; reads piece by piece."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    view = memoryview(content)
    for start in range(0, len(content), _PIECE):
        piece = view[start : start + _PIECE]
        pending = len(decoder.getstate()[0])
        try:
            decoder.decode(piece, final=start + _PIECE >= len(content))
        except UnicodeDecodeError as error:
            return start - pending + error.start
    return None


def _utf16_without_mark(content: bytes) -> str | None:
    """UTF-16 of Western text has a zero in every second byte."""
    sample = content[:1000]
    half = len(sample) // 2
    if half < 2 or len(content) % 2:  # noqa: PLR2004 - a text of two characters
        return None
    zeros_even, zeros_odd = sample[0::2].count(0), sample[1::2].count(0)
    if zeros_odd > 0.9 * half and not zeros_even:
        return "utf-16-le"
    return "utf-16-be" if zeros_even > 0.9 * half and not zeros_odd else None
