"""Files like real ones, damaged in two hundred ways: each is read, or refused with its place."""

import gzip
import random

import pytest

from app.domain.columnar import decode_table, encode_table
from app.domain.datasets import UPLOAD_CODES
from app.domain.errors import InvalidData
from app.domain.profiles import CsvProfile
from app.domain.uploads import CheckRequest
from app.reading.check_upload import check_upload

NUM_MUTANTS = 200
_HOURS = "".join(
    f"{hour // 24 + 1}/{hour % 12 + 1}/2020 {hour % 24}:00;{hour},{hour % 10}0;{hour * 3 % 7} %\n"
    for hour in range(200)
)
_STOCKS = "".join(
    f"{index},2021-{index % 12 + 1:02d}-{index % 28 + 1:02d},ACME,{100 + index % 9}.5,NA\n"
    for index in range(200)
)
_SENSORS = "".join(
    f'{{"time": {1_577_836_800 + 60 * index}, "id": "s{index % 3}", "value": {index % 5}.25}}\n'
    for index in range(200)
)
FILES = (
    ("date;load;share\n" + _HOURS).encode(),
    (",day,ticker,close,volume\n" + _STOCKS).encode(),
    _SENSORS.encode(),
    ('"","größe","klasse"\n' + '"1",3.5,"ja"\n' * 100).encode("latin-1"),
    ("a\tb\r\n" + "1\t2\r\n" * 100).encode("utf-16"),
    gzip.compress(("t,x\n" + "2020-01-01 00:00:00,1\n" * 100).encode()),
)
_BITS = (
    b'"',
    b",",
    b";",
    b"\n",
    b"\r",
    b"\x00",
    b"\xff",
    b"NaN",
    b"1e999",
    b"[",
    b"{",
    b"\xe4",
    b"",
)


def mutated(seed: int) -> bytes:
    rng = random.Random(seed)  # noqa: S311 - not for secrets
    content = rng.choice(FILES)
    for _ in range(rng.randint(1, 4)):
        start = rng.randrange(len(content) + 1)
        width = rng.choice((0, 1, 1, 2, 40))
        match rng.randrange(4):
            case 0:
                content = content[:start] + content[start + width :]
            case 1:
                content = content[:start] + rng.choice(_BITS) + content[start + width :]
            case 2:
                content = content[:start] + rng.randbytes(3) + content[start:]
            case _:
                content = content[:start] + content[start : start + 60] * 2 + content[start + 60 :]
    return content


def refusal_of(content: bytes) -> InvalidData | None:
    """Checks what is read of a file; returns why it is not read otherwise."""
    try:
        checked, stored = check_upload(CheckRequest(kind="auto"), content)
    except InvalidData as error:
        return error
    if isinstance(checked.profile, CsvProfile):
        table = decode_table(stored)
        assert encode_table(table) == stored
        assert table.num_rows == checked.profile.rows > 0
        for column, described in zip(table.columns, checked.profile.columns, strict=True):
            assert (column.type, column.num_missing) == (described.type, described.missing)
    return None


@pytest.mark.parametrize("seed", range(NUM_MUTANTS))
def test_a_damaged_file_is_read_or_refused_with_its_place(seed: int) -> None:
    refusal = refusal_of(mutated(seed))

    problems = () if refusal is None else refusal.problems
    assert refusal is None or problems
    assert all(each.pointer and each.detail and each.code in UPLOAD_CODES for each in problems)
