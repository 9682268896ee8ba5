"""Real files, rewritten in the formats that people send and then damaged, from a seed.

The real files are those that statsmodels and scikit-learn ship.
"""

import gzip
import io
import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import openpyxl
import pyarrow as pa
from pyarrow import csv, parquet

#: Package -> files in it, of at most 200 KB.
_REAL = {
    "statsmodels.datasets.co2": ("co2.csv",),
    "statsmodels.datasets.elnino": ("elnino.csv",),
    "statsmodels.datasets.fair": ("fair.csv",),
    "statsmodels.datasets.grunfeld": ("grunfeld.csv",),
    "statsmodels.datasets.macrodata": ("macrodata.csv",),
    "statsmodels.datasets.nile": ("nile.csv",),
    "statsmodels.datasets.star98": ("star98.csv",),
    "statsmodels.datasets.strikes": ("strikes.csv",),
    "statsmodels.datasets.sunspots": ("sunspots.csv",),
    "sklearn.datasets.data": (
        "breast_cancer.csv",
        "digits.csv.gz",
        "iris.csv",
        "wine_data.csv",
        "linnerud_exercise.csv",
    ),
}
#: Lines that are kept of a real file, so that two hundred of them take seconds.
MAX_LINES = 400
_LONG_LINE = 2 * 2**20
_BOMB_BYTES = 80 * 2**20
_OPTIONS: Mapping[str, Sequence[str]] = {
    "delimiter": ("tab", ";", "~", "|"),
    "decimal": (",", "."),
    "thousands": (",", ".", "space", "'"),
    "na": ("0", "NA", "setosa"),
    "sentinels": ("-999", "0", "1e308"),
    "encoding": ("latin-1", "utf-16", "shift_jis", "utf-8"),
    "quote": ("'", "none"),
    "header": ("none", "first_row"),
    "skip_lines": ("1", "7", "10000"),
    "date_format": ("epoch_ms", "%d.%m.%Y", "%Q", "none"),
    "day_first": ("true", "false"),
    "time_zone": ("Europe/Berlin", "Mars/Base"),
    "index_column": ("none", "nowhere"),
}


@dataclass(frozen=True, kw_only=True)
class HostileFile:
    """A damaged file, what was done to it, and the query with which it is uploaded."""

    content: bytes
    story: str
    query: Mapping[str, str]


@cache
def real_files() -> Mapping[str, bytes]:
    """Returns the first lines of each real file, unpacked."""
    found: dict[str, bytes] = {}
    for package, names in _REAL.items():
        for name in names:
            content = resources.files(package).joinpath(name).read_bytes()
            text = gzip.decompress(content) if name.endswith(".gz") else content
            found[name] = b"".join(text.splitlines(keepends=True)[:MAX_LINES])
    return found


def hostile_file(seed: int) -> HostileFile:
    """Returns the same file for the same seed."""
    rng = random.Random(seed)  # noqa: S311 - not for secrets
    name = rng.choice(sorted(real_files()))
    format_ = rng.choice(sorted(_FORMATS))
    content = _FORMATS[format_](real_files()[name])
    story = [name, format_]
    for _ in range(rng.choice((1, 1, 2, 3))):
        damage = rng.choice(_DAMAGES)
        content = damage(content, rng)
        story.append(damage.__name__.strip("_"))
    query = {"kind": rng.choice(("auto", "csv", "csv", "jsonl", "parquet", "xlsx", "text"))}
    if rng.random() < 0.6:
        query["kind"] = "auto"
    for option in rng.sample(sorted(_OPTIONS), rng.choice((0, 0, 1, 2))):
        query[option] = rng.choice(_OPTIONS[option])
    return HostileFile(content=content, story=" > ".join(story), query=query)


def _rows(content: bytes) -> list[list[str]]:
    return [line.split(",") for line in content.decode("utf-8", errors="replace").splitlines()]


def _european(content: bytes) -> bytes:
    lines = (";".join(cell.replace(".", ",") for cell in row) for row in _rows(content))
    return "\r\n".join(lines).encode()


def _json_lines(content: bytes) -> bytes:
    names, *rows = _rows(content)
    return "".join(json.dumps(dict(zip(names, row, strict=False))) + "\n" for row in rows).encode()


def _parquet(content: bytes) -> bytes:
    sink = io.BytesIO()
    strings = csv.ParseOptions(invalid_row_handler=lambda _row: "skip")
    parquet.write_table(csv.read_csv(io.BytesIO(content), parse_options=strings), sink)
    return sink.getvalue()


def _nested_parquet(content: bytes) -> bytes:
    sink = io.BytesIO()
    cells = [row[:3] for row in _rows(content)]
    parquet.write_table(pa.table({"x": list(range(len(cells))), "cells": cells}), sink)
    return sink.getvalue()


def _xlsx(content: bytes) -> bytes:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("data")
    for row in _rows(content):
        sheet.append(row)
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


_FORMATS: Mapping[str, Callable[[bytes], bytes]] = {
    "as it is": bytes,
    "between semicolons": _european,
    "between tabs": lambda content: content.replace(b",", b"\t"),
    "UTF-16": lambda content: content.decode("utf-8", errors="replace").encode("utf-16"),
    "gzip": lambda content: gzip.compress(content, mtime=0),
    "JSON lines": _json_lines,
    "Parquet": _parquet,
    "nested Parquet": _nested_parquet,
    "xlsx": _xlsx,
}


def _truncated(content: bytes, rng: random.Random) -> bytes:
    return content[: rng.randrange(len(content) + 1)]


def _flipped(content: bytes, rng: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(rng.randint(1, 8)):
        if changed:
            changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _with_some_lines(content: bytes, rng: random.Random, change: Callable[[bytes], bytes]) -> bytes:
    lines = content.split(b"\n")
    for _ in range(rng.randint(1, 20)):
        place = rng.randrange(len(lines))
        lines[place] = change(lines[place])
    return b"\n".join(lines)


def _other_delimiters(content: bytes, rng: random.Random) -> bytes:
    other = rng.choice((b";", b"\t", b"|", b" "))
    return _with_some_lines(content, rng, lambda line: line.replace(b",", other))


def _mixed_line_ends(content: bytes, rng: random.Random) -> bytes:
    ends = (b"\n", b"\r\n", b"\r", b"\n\r", b"\x0b", "\u2028".encode())
    return b"".join(line + rng.choice(ends) for line in content.split(b"\n"))


def _inserted(content: bytes, rng: random.Random) -> bytes:
    bits = (b'"', b'""', b"'", b",", b",,,", b"\x00", b"\xef\xbb\xbf", b"\xff\xfe", b"\xe4\xf6")
    for _ in range(rng.randint(1, 5)):
        place = rng.randrange(len(content) + 1)
        content = content[:place] + rng.choice(bits) + content[place:]
    return content


def _odd_numbers(content: bytes, rng: random.Random) -> bytes:
    odd = (b"inf", b"-Infinity", b"1e999", b"9" * 400, b"NaN", b"0x10", b"1,5", b"1.234.5", b"-")
    return _with_some_lines(content, rng, lambda line: _with_cell(line, rng.choice(odd), rng))


def _with_cell(line: bytes, cell: bytes, rng: random.Random) -> bytes:
    cells = line.split(b",")
    cells[rng.randrange(len(cells))] = cell
    return b",".join(cells)


def _uneven_rows(content: bytes, rng: random.Random) -> bytes:
    return _with_some_lines(
        content, rng, lambda line: line + b",1" if rng.random() < 0.5 else line.rpartition(b",")[0]
    )


def _two_headers(content: bytes, _rng: random.Random) -> bytes:
    first = content.split(b"\n", 1)[0]
    return first + b"\n" + content


def _equal_names(content: bytes, _rng: random.Random) -> bytes:
    first, _, rest = content.partition(b"\n")
    return b",".join([b"a"] * (first.count(b",") + 1)) + b"\n" + rest


def _long_line(content: bytes, rng: random.Random) -> bytes:
    place = rng.choice((0, len(content) // 2, len(content)))
    filler = rng.choice((b"7", b",", b'"', b"x y "))
    return content[:place] + filler * (_LONG_LINE // len(filler)) + content[place:]


def _many_columns(content: bytes, rng: random.Random) -> bytes:
    names = b",".join(b"c%d" % index for index in range(rng.choice((1001, 100_000))))
    return names + b"\n" + content


def _mixed_encodings(content: bytes, rng: random.Random) -> bytes:
    half = len(content) // 2
    text = content[half:].decode("utf-8", errors="replace") + "größe,日付,дата\n"
    return content[:half] + text.encode(rng.choice(("latin-1", "utf-16", "cp1251")), "replace")


def _packed(content: bytes, rng: random.Random) -> bytes:
    packed = gzip.compress(content, mtime=0)
    return rng.choice((packed[: len(packed) // 2], packed + b"junk", packed + packed))


def _bomb(content: bytes, _rng: random.Random) -> bytes:
    return gzip.compress(content[:1000], mtime=0) + _much_in_little()


@cache
def _much_in_little() -> bytes:
    return gzip.compress(b"1\n" * (_BOMB_BYTES // 2), compresslevel=1, mtime=0)


def _broken_footer(content: bytes, rng: random.Random) -> bytes:
    length = rng.choice((b"\x00\x00\x00\x00", b"\xff\xff\xff\x7f", b"\x10\x00\x00\x00"))
    return content[:-8] + length + content[-4:]


def _mixed_json(content: bytes, rng: random.Random) -> bytes:
    odd = (b'{"a": [1]}', b"[1]", b"{", b'{"a": 1e999}', b'{"a": "\\ud800"}', b"[" * 5000, b"null")
    return _with_some_lines(content, rng, lambda _line: rng.choice(odd))


def _shuffled(content: bytes, rng: random.Random) -> bytes:
    lines = content.split(b"\n")
    rng.shuffle(lines)
    return b"\n".join(lines)


_DAMAGES = (
    _truncated,
    _flipped,
    _other_delimiters,
    _mixed_line_ends,
    _inserted,
    _odd_numbers,
    _uneven_rows,
    _two_headers,
    _equal_names,
    _long_line,
    _many_columns,
    _mixed_encodings,
    _packed,
    _bomb,
    _broken_footer,
    _mixed_json,
    _shuffled,
)
