"""Uploads as forms: the file is taken as it is, and options come as JSON in the part `reader`."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest

from app.api.data.forms import MAX_READER_BYTES
from app.domain.reader_options import ReaderOptions
from tests.api.conftest import Clinic, serving, spec
from tests.api.data.test_datasets import num_stored
from tests.api.runs.test_runs import check_problem

ASKED = {"name": "x", "kind": "csv"}
DRY = {**ASKED, "dry_run": "true"}
TWO_ROWS = b"t;x\n1/2/2024;1\n2/2/2024;2\n"
BOUNDARY = "frontier"
TYPE = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


def post(
    client: httpx.Client,
    content: bytes,
    reader: object,
    *,
    query: Mapping[str, Any] = DRY,
    **headers: str,
) -> httpx.Response:
    return client.post(
        "/v1/datasets",
        params=query,
        files={"file": ("x.csv", content), "reader": (None, json.dumps(reader).encode())},
        headers=headers,
    )


def part(name: str, content: bytes) -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
    return head.encode() + content + b"\r\n"


END = f"--{BOUNDARY}--\r\n".encode()

#: Option -> a value other than the one that is found without it, and a file in which it shows.
OPTIONS: Mapping[str, tuple[Any, bytes]] = {
    "delimiter": ("|", b"a,b|c\n1,2|3\n1,3|4\n"),
    "decimal": (",", b"a;b\n1,234;x\n2,345;y\n"),
    "thousands": (",", b"a;b\n1,234;x\n2,345;y\n"),
    "na": (["none", "NA"], b"a,b\n1,x\nnone,y\n"),
    "sentinels": ([-999, -1.5], b"a,b\n1,x\n-999,y\n-1.5,z\n"),
    "encoding": ("latin-1", "a,größe\n1,2\n".encode("latin-1")),
    "quote": ("'", b"a,b\n'1',2\n'3',4\n"),
    "header": ("none", b"1,2\n3,4\n"),
    "skip_lines": (1, b"a,b\nc,d\n1,2\n"),
    "date_format": ("%Y_%d_%m", b"a,b\n2020_31_12,1\n2021_02_01,2\n"),
    "day_first": (True, b"a,b\n1/2/2020,1\n2/3/2020,2\n"),
    "time_zone": ("Europe/Berlin", b"a,b\n2020-01-01 12:00,1\n2020-01-02 12:00,2\n"),
    "index_column": ("b", b"a,b\n1,2\n3,4\n"),
}


def as_query(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def test_all_options_are_tried() -> None:
    assert set(OPTIONS) == set(ReaderOptions.model_fields)


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_of_a_form_acts_as_in_the_query(client: httpx.Client, name: str) -> None:
    value, content = OPTIONS[name]
    query = {**DRY, name: as_query(value)}

    in_query = client.post("/v1/datasets", params=query, content=content)
    in_form = post(client, content, {name: value})
    without = client.post("/v1/datasets", params=DRY, content=content)

    assert in_form.status_code == 200, in_form.text
    assert in_form.json() == in_query.json()
    assert in_form.json()["profile"]["reader"][name] == {
        "value": value,
        "chosen_because": "the request says so",
    }
    assert without.json().get("profile") != in_form.json()["profile"]


@pytest.mark.parametrize(
    ("reader", "place", "query"),
    [
        ({"decimal": ";"}, "decimal", {"decimal": ";"}),
        ({"delimiter": "ab"}, "delimiter", {"delimiter": "ab"}),
        ({"skip_lines": -1}, "skip_lines", {"skip_lines": -1}),
        ({"encoding": "ebcdic"}, "encoding", {"encoding": "ebcdic"}),
        ({"time_zone": "Mars/Base"}, "time_zone", {"time_zone": "Mars/Base"}),
        ({"date_format": "%Y"}, "date_format", {"date_format": "%Y"}),
        ({"index_column": "z"}, "index_column", {"index_column": "z"}),
    ],
)
def test_a_wrong_option_is_refused_as_in_the_query(
    client: httpx.Client, reader: dict[str, Any], place: str, query: dict[str, Any]
) -> None:
    content = b"t;x\n13/2/2024;1\n14/2/2024;2\n"

    in_query = client.post("/v1/datasets", params={**DRY, **query}, content=content).json()
    in_form = post(client, content, reader)

    assert check_problem(in_form)["status"] == 422
    (problem,) = in_form.json()["errors"][:1]
    of_query = in_query["errors"][0]
    assert of_query["pointer"] == f"query/{place}"
    assert problem["pointer"] == f"reader/{place}"
    assert (problem["detail"], problem["code"]) == (of_query["detail"], of_query["code"])


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (part("reader", b"{}") + END, "file"),
        (part("file", TWO_ROWS) + part("file", TWO_ROWS) + END, "file"),
        (part("file", TWO_ROWS) + part("notes", b"hello") + END, "notes"),
        (part("file", TWO_ROWS) + part("reader", b"{") + END, "reader"),
        (part("file", TWO_ROWS) + part("reader", b"[1]") + END, "reader"),
        (part("file", TWO_ROWS) + part("reader", b'{"decimals": ","}') + END, "reader/decimals"),
        (
            part("file", TWO_ROWS) + part("reader", b'{"sentinels": [NaN]}') + END,
            "reader/sentinels/0",
        ),
        (part("file", TWO_ROWS) + part("reader", b"\xff") + END, "reader"),
        (part("file", TWO_ROWS), f"byte/{len(part('file', TWO_ROWS))}"),
        (part("file", TWO_ROWS)[:-20], f"byte/{len(part('file', TWO_ROWS)) - 20}"),
        (b"", "byte/0"),
        (END, "file"),
        (b"not a form at all", "byte/0"),
        (b"--frontier\r\nno colon\r\n\r\nx\r\n" + END, "byte/14"),
        (b"--frontier\r\n\r\nx\r\n" + END, ""),
    ],
)
def test_a_form_that_is_none_is_refused_with_its_place(
    clinic: Clinic, client: httpx.Client, body: bytes, pointer: str
) -> None:
    before = num_stored(clinic)

    answer = client.post("/v1/datasets", params=ASKED, content=body, headers=TYPE)

    assert check_problem(answer)["status"] == 422
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert num_stored(clinic) == before


@pytest.mark.parametrize(
    "type_", ["multipart/form-data", "multipart/form-data; boundary=" + "x" * 300]
)
def test_a_form_without_a_boundary_is_refused(client: httpx.Client, type_: str) -> None:
    answer = client.post("/v1/datasets", params=ASKED, content=END, headers={"Content-Type": type_})

    assert check_problem(answer)["status"] == 422
    assert answer.json()["errors"][0]["pointer"] == "header/content-type"


def test_options_of_query_and_form_are_joined_and_must_agree(client: httpx.Client) -> None:
    content = b"t;x\n1/2/2024;1,5\n2/3/2024;-9\n"
    query = {**DRY, "day_first": "true", "decimal": ","}
    joined = post(client, content, {"sentinels": [-9], "decimal": ","}, query=query)
    against = post(client, content, {"day_first": False}, query={**DRY, "day_first": "true"})

    assert joined.json()["profile"]["preview"] == [
        {"t": "2024-02-01T00:00:00Z", "x": 1.5},
        {"t": "2024-03-02T00:00:00Z", "x": None},
    ]
    assert check_problem(against)["status"] == 422
    (problem,) = against.json()["errors"]
    assert (problem["pointer"], problem["code"]) == ("reader/day_first", "contradiction")
    assert "true" in problem["detail"]
    assert "false" in problem["detail"]


def test_auto_in_the_query_leaves_the_form_its_say(client: httpx.Client) -> None:
    query = {**DRY, "day_first": "auto", "sentinels": "auto", "decimal": ","}
    reader = {"day_first": True, "sentinels": [2], "decimal": "auto"}

    found = post(client, TWO_ROWS, reader, query=query).json()["profile"]["reader"]

    assert found["day_first"]["value"] is True
    assert found["sentinels"]["value"] == [2]
    assert found["decimal"] == {"value": ",", "chosen_because": "the request says so"}


def test_the_bytes_of_the_file_are_stored_alike_in_both_ways(client: httpx.Client) -> None:
    content = b"a,b\r\n1,2\r\n3,4\r\n\r\n--frontie"[:-9]

    of_form = client.post("/v1/datasets", params=ASKED, files={"file": content}).json()
    of_body = client.post("/v1/datasets", params=ASKED, content=content).json()

    assert (of_form["sha256"], of_form["num_bytes"]) == (of_body["sha256"], len(content))
    assert of_form["profile"] == of_body["profile"]


def test_what_a_form_uploads_is_trained_on(client: httpx.Client) -> None:
    rows = "".join(
        f"{index % 28 + 1}.{index // 28 + 1}.2024;{index % 7},5\n" for index in range(200)
    )
    reader = {"day_first": True, "decimal": ","}

    made = post(client, b"tag;wert\n" + rows.encode(), reader, query=ASKED).json()
    forecast = {"kind": "forecast", "dataset_id": made["id"], "target": "wert", "window": 10}
    run = client.post("/v1/runs?dry_run=true", json=spec(dataset=forecast))

    assert run.status_code == 200, run.text


def test_the_same_form_under_another_boundary_is_the_same_request(client: httpx.Client) -> None:
    key = {"Idempotency-Key": "form-1"}

    first, second = (
        post(client, TWO_ROWS, {"day_first": True}, query=ASKED, **key) for _ in range(2)
    )
    other = post(client, TWO_ROWS, {"day_first": False}, query=ASKED, **key)

    assert first.status_code == 201
    assert first.json()["id"] == second.json()["id"]
    assert second.headers["Idempotency-Replayed"] == "true"
    assert other.status_code == 422


def test_forms_are_bounded_like_bodies(
    client: httpx.Client, clinic_with: Callable[..., Clinic]
) -> None:
    small = clinic_with(max_upload_bytes=1000)
    large = client.post(
        "/v1/datasets",
        params=ASKED,
        content=part("file", TWO_ROWS) + part("reader", b" " * (MAX_READER_BYTES + 1)) + END,
        headers=TYPE,
    )
    with serving(small.app) as url:
        over = httpx.post(
            f"{url}/v1/datasets",
            params=ASKED,
            files={"file": b"a\n" + b"1\n" * 500},
            headers={"Authorization": f"Bearer {small.key}"},
        )

    assert (large.status_code, over.status_code) == (413, 413)
    assert "reader" in large.json()["detail"]


def test_other_kinds_of_multipart_are_told_what_to_send(client: httpx.Client) -> None:
    type_ = {"Content-Type": f"multipart/mixed; boundary={BOUNDARY}"}

    answer = client.post("/v1/datasets", params=ASKED, content=END, headers=type_)

    assert answer.status_code == 415
    assert "multipart/form-data" in answer.json()["detail"]
