"""Uploads over HTTP: profiled when good, refused with a place when bad, never stored by halves."""

import gzip
import io
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import httpx
import openpyxl
import pytest
from sqlalchemy import func, select
from statsmodels.datasets import sunspots

from app.domain.reader_options import ReaderOptions
from app.store.tables import dataset_parts, datasets
from tests.api.conftest import Clinic, serving, spec
from tests.api.measured import session_of

CO2 = b"month,co2\n1958-03,315.71\n1958-04,317.45\n1958-05,\n"

#: Files that cannot be used, and the code that says why.
BAD_CSV: Mapping[str, tuple[bytes, str]] = {
    "empty": (b"", "empty"),
    "blank": (b"\n \r\n\t\n", "empty"),
    "byte order mark alone": (b"\xef\xbb\xbf", "empty"),
    "header alone": (b"a,b", "no_rows"),
    "header and blank lines": (b"a,b\n\n\n", "no_rows"),
    "no header": (b"1,2\n3,4\n", "header_missing"),
    "one number": (b"42", "header_missing"),
    "commas alone": (b",,,\n,,,\n", "column_unnamed"),
    "unnamed column": (b"a,,c\n1,2,3\n", "column_unnamed"),
    "unnamed last column": (b"a,b,\n1,2,3\n", "column_unnamed"),
    "duplicate names": (b"a,b,a\n1,2,3\n", "column_duplicate"),
    "duplicate names but for spaces": (b"a, a\n1,2\n", "column_duplicate"),
    "endless name": (b"a" * 5000 + b"\n1\n", "column_name_too_long"),
    "too many columns": (b",".join(b"c%d" % i for i in range(1001)) + b"\n", "too_many_columns"),
    "100,000 columns": (b"," * 100_000 + b"\n1\n", "too_many_columns"),
    "short row": (b"a,b\n1,2\n3\n", "wrong_cell_count"),
    "long row": (b"a,b\n1,2\n3,4,5\n", "wrong_cell_count"),
    "row of commas": (b"a,b\n1,2\n,,,,\n", "wrong_cell_count"),
    "trailing comma": (b"a,b\n1,2,\n", "wrong_cell_count"),
    "late broken row": (b"a,b\n" + b"1,2\n" * 9000 + b"1\n", "wrong_cell_count"),
    "open quote": (b'a,b\n1,"2\n3,4\n', "broken_row"),
    "open quote in the header": (b'"a,b\n1,2\n', "broken_row"),
    "text after a quote": (b'a,b\n1,"2"3\n', "broken_row"),
    "quote bomb": (b"a\n" + b'"' * 100_001 + b"\n", "broken_row"),
    "huge cell": (b"a\n" + b"x" * 1_000_000 + b"\n", "broken_row"),
    "NUL": (b"a,b\n1,\x002\n", "nul"),
    "NULs alone": (b"\x00" * 100, "nul"),
    "lone surrogate": (b"a\n\xed\xa0\x80\n", "not_utf8"),
    "overlong UTF-8": (b"a\n\xc0\xaf\n", "not_utf8"),
    "gzip that ends early": (bytes.fromhex("1f8b0800000000000003"), "broken_file"),
    "Parquet": (b"PAR1\x15\x04\x15\x80\xff\x00", "not_utf8"),
    "NumPy": (b"\x93NUMPY\x01\x00v\x00{'descr': '<f8', 'shape': (4294967296,)}", "not_utf8"),
    "PNG": (b"\x89PNG\r\n\x1a\n", "not_utf8"),
    "infinite cell": (b"a\n1\ninf\n", "not_finite"),
    "negative infinity": (b"a\n-Infinity\n", "not_finite"),
    "overflowing number": (b"a\n1e400\n", "not_finite"),
    "endless digits": (b"a\n" + b"9" * 5000 + b"\n", "not_finite"),
}
#: Odd files that hold something all the same.
ODD_CSV: Mapping[str, bytes] = {
    "Latin-1": "größe\n1\n".encode("latin-1"),
    "UTF-16": "a,b\n1,2\n".encode("utf-16"),
    "gzip": gzip.compress(b"a,b\n1,2\n"),
    "formula": b"a,b\n=cmd|' /C calc'!A0,1\n\"@SUM(1,2)\",2\n",
    "script": b"<script>alert(1)</script>,b\n1,2\n",
    "SQL": b"a'); DROP TABLE runs --,b\n1,2\n",
    "emoji and right to left": "📈,\u202egnol\n1,2\n".encode(),
    "control characters": b"a\x01\x7f,b\n\x02,1\n",
    "line breaks in quotes": b'"a\nb",c\n"1\n2",3\n',
    "old Macintosh": b"a,b\r1,2\r3,4\r",
    "no last line end": b"a,b\n1,2",
    "one row": b"a\n1\n",
    "all missing": b"a,b\n,\nNA,null\n",
    "subnormal": b"a\n5e-324\n-0.0\n",
    "largest double": b"a\n1.7976931348623157e308\n-1.7976931348623157e308\n",
    "year 9999": b"a\n9999-12-31T23:59:59.999999Z\n0001-01-01\n",
    "impossible date": b"a\n2023-02-30\n",
    "many labels": b"a\n" + b"".join(b"label-%d\n" % i for i in range(5000)),
    "ragged spaces": b" a , b \n 1 , 2 \n",
}


def upload(
    client: httpx.Client, content: bytes, *, name: str = "data", kind: str = "csv", **headers: str
) -> httpx.Response:
    asked = {"name": name, "kind": kind}
    return client.post("/v1/datasets", params=asked, content=content, headers=headers)


def num_stored(clinic: Clinic) -> tuple[int, int]:
    with session_of(clinic) as session:
        counts = [
            session.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (datasets, dataset_parts)
        ]
    return counts[0], counts[1]


def test_an_upload_is_answered_with_its_profile(client: httpx.Client) -> None:
    answer = upload(client, CO2, name="co2")

    made = answer.json()
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/v1/datasets/{made['id']}"
    assert (made["name"], made["kind"], made["num_bytes"]) == ("co2", "csv", len(CO2))
    time, value = made["profile"]["columns"]
    assert (time["type"], value["type"]) == ("date", "number")
    assert (value["missing"], value["min"], value["max"]) == (1, 315.71, 317.45)
    assert made["profile"]["suggested"]["dataset"] is None
    assert "there are 3 rows" in made["profile"]["suggested"]["reasons"][-1]
    assert client.get(answer.headers["Location"]).json() == made
    assert client.get("/v1/datasets").json()["items"][0] == made


def test_a_real_series_suggests_its_season(client: httpx.Client) -> None:
    buffer = io.StringIO()
    sunspots.load_pandas().data.to_csv(buffer, index=False)

    profile = upload(client, buffer.getvalue().encode()).json()["profile"]

    suggested = profile["suggested"]
    assert profile["rows"] == 309
    assert (suggested["target"], suggested["time_column"]) == ("SUNACTIVITY", "YEAR")
    # the solar cycle of about 11 years
    assert suggested["season"] in {10, 11}


def test_the_suggestion_names_its_data_set_and_passes_a_dry_run(client: httpx.Client) -> None:
    rows = [f"2024-01-{day + 1:02},{shop},{day * day % 11}" for day in range(31) for shop in "abcd"]
    made = upload(client, "\n".join(["day,shop,sold", *rows]).encode()).json()
    listed = client.get("/v1/datasets").json()["items"][0]

    dataset = made["profile"]["suggested"]["dataset"]
    spec = {"model": {"kind": "gru"}, "dataset": dataset}
    tried = client.post("/v1/runs", params={"dry_run": True}, json=spec)

    assert dataset["dataset_id"] == made["id"]
    assert listed["profile"]["suggested"] == made["profile"]["suggested"]
    assert (tried.status_code, tried.json()["warnings"]) == (200, [])
    assert tried.json()["spec"]["dataset"] == dataset


def test_a_text_is_counted(client: httpx.Client) -> None:
    profile = upload(client, "Ä b\nb".encode(), kind="text").json()["profile"]

    assert (profile["characters"], profile["distinct_symbols"]) == (5, 4)


@pytest.mark.parametrize("name", BAD_CSV)
def test_a_bad_file_is_refused_with_its_place(
    clinic: Clinic, client: httpx.Client, name: str
) -> None:
    content, code = BAD_CSV[name]
    before = num_stored(clinic)

    answer = upload(client, content)

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "invalid_data")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (problem["errors"][0]["code"], num_stored(clinic)) == (code, before)
    assert problem["errors"][0]["pointer"]


@pytest.mark.parametrize("name", ODD_CSV)
def test_an_odd_file_is_taken_as_it_is(client: httpx.Client, name: str) -> None:
    answer = upload(client, ODD_CSV[name])

    assert answer.status_code == 201, answer.text
    assert client.get(answer.headers["Location"]).json() == answer.json()


@pytest.mark.parametrize("content", [b"", b"\xff", b"a\x00b"])
def test_a_bad_text_is_refused(clinic: Clinic, client: httpx.Client, content: bytes) -> None:
    before = num_stored(clinic)

    assert upload(client, content, kind="text").status_code == 422
    assert num_stored(clinic) == before


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"kind": "csv"}, 422),
        ({"name": "x"}, 422),
        ({"name": "", "kind": "csv"}, 422),
        ({"name": "x" * 201, "kind": "csv"}, 422),
        ({"name": "a\x00b", "kind": "csv"}, 422),
        ({"name": "x", "kind": "parquet"}, 422),
        ({"name": "x", "kind": "xml"}, 422),
        ({"name": "x", "kind": "csv", "decimal": ";"}, 422),
        ({"name": "x", "kind": "csv", "day_frist": "true"}, 422),
    ],
)
def test_a_wrong_query_is_refused(client: httpx.Client, asked: dict[str, str], status: int) -> None:
    assert client.post("/v1/datasets", params=asked, content=CO2).status_code == status


@pytest.mark.parametrize("is_declared", [True, False])
def test_an_upload_over_the_cap_is_refused(
    clinic_with: Callable[..., Clinic], *, is_declared: bool
) -> None:
    small = clinic_with(max_upload_bytes=1000)
    content = b"a\n" + b"1\n" * 500

    with serving(small.app) as url:
        answer = httpx.post(
            f"{url}/v1/datasets?name=x&kind=csv",
            content=content if is_declared else iter([content]),
            headers={"Authorization": f"Bearer {small.key}"},
        )

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_a_home_that_cannot_be_written_to_is_told(
    clinic_with: Callable[..., Clinic], tmp_path: Path
) -> None:
    clinic = clinic_with(home=tmp_path / "home")

    with serving(clinic.app) as url:
        shutil.rmtree(tmp_path / "home")
        with replace(clinic, url=url).client() as client:
            answer = upload(client, CO2)

    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert "No such file or directory" in answer.json()["detail"]
    assert int(answer.headers["Retry-After"]) > 0


def test_an_upload_leaves_no_file(clinic: Clinic, client: httpx.Client) -> None:
    home = clinic.settings.home
    before = set(home.iterdir())

    statuses = [upload(client, content).status_code for content in (CO2, b"a,b\n1\n")]

    assert statuses == [201, 422]
    assert set(home.iterdir()) == before


def test_the_same_key_uploads_once(clinic: Clinic, client: httpx.Client) -> None:
    before, _ = num_stored(clinic)
    key = {"Idempotency-Key": "co2-once"}

    first, again = (upload(client, CO2, **key) for _ in range(2))
    other = upload(client, CO2 + b"1958-06,1\n", **key)

    assert first.json() == again.json()
    assert other.status_code == 422
    assert num_stored(clinic)[0] == before + 1


def test_a_data_set_that_a_queued_run_needs_stays(client: httpx.Client) -> None:
    rows = b"".join(b"%d,%d\n" % (i, i % 7) for i in range(200))
    made = upload(client, b"t,x\n" + rows).json()
    url = f"/v1/datasets/{made['id']}"
    forecast = {"kind": "forecast", "dataset_id": made["id"], "target": "x", "window": 10}
    run = client.post("/v1/runs", json=spec(dataset=forecast)).json()

    refused = client.delete(url)
    client.post(f"/v1/runs/{run['id']}/cancel")

    assert (refused.status_code, refused.json()["code"]) == (409, "in_use")
    assert client.delete(url).status_code == 204
    assert client.get(url).status_code == 404
    assert client.delete(url).status_code == 404


def test_another_workspace_sees_no_data_set(clinic: Clinic, client: httpx.Client) -> None:
    url = upload(client, CO2).headers["Location"]

    with clinic.client(clinic.other_key) as stranger:
        assert stranger.get(url).status_code == 404
        assert stranger.delete(url).status_code == 404
        assert stranger.get("/v1/datasets").json()["items"] == []


def test_the_list_is_paged_newest_first(client: httpx.Client) -> None:
    made = [upload(client, CO2, name=f"page {i}").json()["id"] for i in range(3)]

    first = client.get("/v1/datasets?limit=2").json()
    second = client.get(first["next"]).json()

    found = [item["id"] for item in (*first["items"], *second["items"])][:3]
    assert found == made[::-1]


def test_reading_and_writing_need_their_scopes(clinic: Clinic) -> None:
    reader, writer = clinic.new_key("datasets:read"), clinic.new_key("datasets:write")

    with clinic.client(reader) as client:
        assert upload(client, CO2).status_code == 403
    with clinic.client(writer) as client:
        assert upload(client, CO2).status_code == 201
        assert client.get("/v1/datasets").status_code == 403


def test_a_dry_run_shows_the_rows_as_understood_and_stores_nothing(
    clinic: Clinic, client: httpx.Client
) -> None:
    before = num_stored(clinic)
    asked = {"name": "x", "kind": "auto", "dry_run": "true", "day_first": "false"}

    answer = client.post("/v1/datasets", params=asked, content=b"d;x\n1/2/2020;1,5\n1/3/2020;\n")

    shown = answer.json()
    assert (answer.status_code, shown["kind"], num_stored(clinic)) == (200, "csv", before)
    assert shown["profile"]["preview"] == [
        {"d": "2020-01-02T00:00:00Z", "x": 1.5},
        {"d": "2020-01-03T00:00:00Z", "x": None},
    ]
    reader = shown["profile"]["reader"]
    assert reader["day_first"] == {"value": False, "chosen_because": "the request says so"}
    assert reader["decimal"]["value"] == ","
    assert set(reader) == set(ReaderOptions.model_fields)


def test_a_question_of_the_reader_names_the_option_that_answers_it(client: httpx.Client) -> None:
    content = b"d,x\n1/2/2020,1\n"
    asked = {"name": "x", "kind": "csv"}

    refused = client.post("/v1/datasets", params=asked, content=content).json()
    made = client.post("/v1/datasets", params={**asked, "day_first": "true"}, content=content)

    assert refused["errors"][0]["pointer"] == "row/2/d"
    assert "day_first=true" in refused["errors"][0]["detail"]
    assert made.status_code == 201


def test_options_that_are_lists_are_repeated(client: httpx.Client) -> None:
    query = "name=x&kind=csv&na=none&na=nil&sentinels=-999&skip_lines=1&header=none"

    made = client.post(f"/v1/datasets?{query}", content=b"title\n1,2\nnil,-999\n").json()

    columns = made["profile"]["columns"]
    assert [column["name"] for column in columns] == ["column_1", "column_2"]
    assert [column["missing"] for column in columns] == [1, 1]


@pytest.mark.parametrize("kind", ["xlsx", "auto", "csv"])
def test_a_workbook_is_stored_as_its_table(client: httpx.Client, kind: str) -> None:
    book = openpyxl.Workbook()
    for row in (("n", "x"), (1, 0.5), (2, None)):
        book.worksheets[0].append(row)
    sink = io.BytesIO()
    book.save(sink)

    made = upload(client, sink.getvalue(), kind=kind).json()

    assert made["kind"] == "csv"
    assert made["profile"]["preview"] == [{"n": 1, "x": 0.5}, {"n": 2, "x": None}]


def test_json_lines_are_trained_on_like_a_csv(client: httpx.Client) -> None:
    lines = b"".join(b'{"t": %d, "x": %d}\n' % (index, index % 7) for index in range(200))
    made = client.post("/v1/datasets?name=x&kind=jsonl", content=lines).json()
    forecast = {"kind": "forecast", "dataset_id": made["id"], "target": "x", "window": 10}

    assert made["kind"] == "jsonl"
    assert client.post("/v1/runs", json=spec(dataset=forecast)).status_code == 201
