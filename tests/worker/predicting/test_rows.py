"""A data set is read as the file from which it was made."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from app.domain.columnar import decode_table
from app.domain.errors import InvalidData, TooLarge
from app.domain.predictions import MAX_ROWS, Source
from app.domain.reader_options import ReaderOptions
from app.domain.uploads import CheckRequest
from app.reading.check_upload import check_upload
from worker.datasets.formats import formats_of
from worker.predicting.rows import read_source, rows_of_table
from worker.publishing.program.network import Document, Unusable

#: Labels that are numbers above 2**53, a gap, a boolean, sentinels and times in a zone.
CONTENT = "meter;at;y;on\n" + "".join(
    f"{2**53 + meter};{day}.7.2020 12:00;{'' if day == 3 else f'{day},5'};{'tf'[day % 2]}\n"
    for meter in range(2)
    for day in range(1, 15)
).replace(";t\n", ";true\n").replace(";f\n", ";false\n")


def described(formats: Any, zone: str) -> Document:
    file: Mapping[str, object] = {"delimiter": ";", "quote": '"', "time_zone": zone}
    layout = {
        "group_column": "meter",
        "order_column": "at",
        "missing": "forward_fill",
        "is_order_date": True,
        "steps_ahead": 1,
        "formats": [vars(each) for each in formats],
        "file": file,
    }
    scalings = [{"series": str(2**53 + meter)} for meter in range(2)]
    reading = {
        "kind": "numbers",
        "columns": ["y", "on"],
        "scalings": scalings,
        "min_timesteps": 2,
        "max_timesteps": 3,
    }
    return {"input": reading, "csv": layout}


def test_a_data_set_and_its_file_give_the_same_examples() -> None:
    zone = "Europe/Berlin"
    asked = CheckRequest(kind="csv", options=ReaderOptions(time_zone=zone))
    _, stored = check_upload(asked, CONTENT.encode())
    formats = formats_of(decode_table(stored), ("y", "on", "meter", "at"))
    description = described(formats, zone)

    by_dataset = read_source(Source(kind="dataset"), stored, description)
    by_file = read_source(Source(kind="csv", content=CONTENT.encode()), None, description)

    assert by_dataset == by_file
    assert [example["series"] for example in by_file] == [str(2**53), str(2**53 + 1)]
    assert by_file[0]["timesteps"] == [[12.5, 1.0], [13.5, 0.0], [14.5, 1.0]]
    moment = by_file[0]["moments"][-1]
    assert moment.at(moment.value) == "2020-07-14T12:00:00+02:00"


@pytest.mark.parametrize("meter", [7, 7.0, "7", "+7"])
def test_a_series_that_is_a_whole_number_is_known_however_json_has_it(meter: object) -> None:
    _, stored = check_upload(CheckRequest(kind="csv"), b"meter,at,y,on\n7,2020-01-01,1.5,1\n")
    description = described(formats_of(decode_table(stored), ("meter", "at", "y", "on")), "")
    description["input"]["scalings"] = [{"series": "7"}]
    rows = [{"meter": meter, "at": f"2020-01-0{day}", "y": day, "on": 1} for day in (1, 2)]

    [example] = read_source(
        Source(kind="json", content=json.dumps(rows).encode()), None, description
    )

    assert example["series"] == "7"


def test_rows_above_the_limit_are_refused() -> None:
    description = described((), "UTC")
    description["csv"] |= {"group_column": None, "order_column": None, "file": None}
    content = b"y,on\n" + b"1,1\n" * (MAX_ROWS + 1)

    with pytest.raises(TooLarge, match="100001 rows"):
        read_source(Source(kind="csv", content=content), None, description)


def test_rows_for_a_network_on_text_and_the_other_way_round_are_refused() -> None:
    symbols: Document = {"input": {"kind": "symbols", "symbols": [None, "a"]}, "csv": None}

    with pytest.raises(Unusable, match="reads a text, and not rows"):
        read_source(Source(kind="csv", content=b"y\n1\n"), None, symbols)
    with pytest.raises(Unusable, match="reads rows, and not a text"):
        read_source(Source(kind="text", content=b"a"), None, described((), "UTC"))


def test_a_data_set_without_a_column_is_refused_by_name() -> None:
    _, stored = check_upload(CheckRequest(kind="csv"), b"x,y\n1,2\n3,5\n")

    with pytest.raises(InvalidData, match="no column 'z'; there are x, y"):
        rows_of_table(decode_table(stored), {"y", "z"}, group=None)
