"""Hostile requests: each is a problem that names its place; none is a 500, none stores anything."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from tests.api.conftest import Clinic, spec
from tests.api.runs.test_runs import check_problem

JSON = {"Content-Type": "application/json"}
SPEC = json.dumps(spec())


def with_value(path: str, value: str) -> str:
    """The job spec as text with the raw JSON `value` at `path`."""
    document: dict[str, Any] = json.loads(SPEC)
    *parents, last = path.strip("/").split("/")
    inner = document
    for parent in parents:
        inner = inner.setdefault(parent, {})
    inner[last] = "@@"
    return json.dumps(document).replace('"@@"', value)


BODIES = [
    ("", ""),
    ("null", ""),
    ("[]", ""),
    ('"text"', ""),
    ("7", ""),
    ("{", ""),
    ("{}", "/model"),
    ("[" * 5000 + "]" * 5000, ""),
    (SPEC[:-1], ""),
    (SPEC + SPEC, ""),
    ("\ufeff" + SPEC, ""),
    (with_value("/optimizer/learning_rate", "NaN"), "/optimizer/learning_rate"),
    (with_value("/optimizer/learning_rate", "Infinity"), "/optimizer/learning_rate"),
    (with_value("/optimizer/learning_rate", "1e400"), "/optimizer/learning_rate"),
    (with_value("/optimizer/learning_rate", '"NaN"'), "/optimizer/learning_rate"),
    (with_value("/optimizer/learning_rate", "1e39"), "/optimizer/learning_rate"),
    (with_value("/optimizer/learning_rate", "-1"), "/optimizer/learning_rate"),
    (with_value("/optimizer/learning_rate", "{}"), "/optimizer/learning_rate"),
    (with_value("/training/num_steps", "0"), "/training/num_steps"),
    (with_value("/training/num_steps", "1.5"), "/training/num_steps"),
    (with_value("/training/num_steps", "1e9"), "/training/num_steps"),
    (with_value("/training/num_steps", "9" * 30), "/training/num_steps"),
    (with_value("/training/num_steps", "9" * 5000), ""),
    (with_value("/training/num_steps", '"6"'), "/training/num_steps"),
    (with_value("/training/num_steps", "true"), "/training/num_steps"),
    (with_value("/optimizer/learning_rate", '"0.1"'), "/optimizer/learning_rate"),
    (with_value("/training/seed", str(2**31)), "/training/seed"),
    (with_value("/training/device", '"cuda; rm"'), "/training/device"),
    (with_value("/name", '"\\ud800"'), "/name"),
    (with_value("/name", '"a\\u0000b"'), "/name"),
    (with_value("/name", json.dumps("x" * 201)), "/name"),
    (with_value("/name", "7"), "/name"),
    (with_value("/notes", json.dumps("x" * 10_001)), "/notes"),
    (with_value("/tags", json.dumps(["x"] * 21)), "/tags"),
    (with_value("/tags", '["", "ok"]'), "/tags/0"),
    (with_value("/model", '"elman"'), "/model"),
    (with_value("/model/kind", '"rnn"'), "/model/kind"),
    (with_value("/model/kind", "[]"), "/model/kind"),
    (with_value("/model/hidden_size", "1000000000"), "/model/hidden_size"),
    (with_value("/model/num_layers", "1000000"), "/model/num_layers"),
    (with_value("/model/hiden_size", "4"), "/model/hiden_size"),
    (with_value("/dataset/length", "1000000000"), "/dataset/length"),
    (with_value("/dataset/dependency_lag", "10"), "/dataset/dependency_lag"),
    (with_value("/dataset/dependency_lag", '{"min": 3, "max": 2}'), "/dataset/dependency_lag"),
    (with_value("/training/bptt_length", "11"), "/training/bptt_length"),
    (with_value("/init/forget_bias", "1"), "/init/forget_bias"),
    (with_value("/init/bias", '{"kind": "chrono"}'), "/init/bias/kind"),
    (with_value("/init/input", '{"kind": "critical"}'), "/init/input/kind"),
    (with_value("/clipping", '{"kind": "norm", "max_norm": 1, "min_norm": 2}'), "/clipping"),
    (with_value("/__proto__", "{}"), "/__proto__"),
]


@pytest.fixture
def nothing_stored(clinic: Clinic) -> Iterator[None]:
    """Fails the test when the number of runs changes."""

    def count() -> int:
        with clinic.engine.connect() as connection:
            return int(connection.execute(text("SELECT count(*) FROM runs")).scalar_one())

    before = count()
    yield
    assert count() == before


@pytest.mark.parametrize(("body", "pointer"), BODIES)
def test_a_bad_body_is_a_422_with_its_place(
    client: httpx.Client, nothing_stored: None, body: str, pointer: str | None
) -> None:
    answer = client.post("/v1/runs", content=body.encode(), headers=JSON)

    problem = check_problem(answer)
    assert answer.status_code == 422
    assert problem["errors"]
    if pointer is not None:
        assert pointer in {error["pointer"] for error in problem["errors"]}


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ("", "A JSON body is needed"),
        ("[]", "Must be a JSON object"),
        (with_value("/model", '"elman"'), "/model: Must be a JSON object"),
        (with_value("/seed", "1"), "/seed: There is no such field"),
    ],
)
def test_what_is_wrong_is_said_in_words_of_json(
    client: httpx.Client, body: str, detail: str
) -> None:
    answer = client.post("/v1/runs", content=body.encode(), headers=JSON)

    assert check_problem(answer)["detail"] == f"The request is not valid. {detail}"


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b"\xff\xfe{}", "application/json", 422),
        (SPEC.encode("utf-16"), "application/json", 422),
        (SPEC.encode(), "text/plain", 415),
        (SPEC.encode(), "application/x-www-form-urlencoded", 415),
        (SPEC.encode(), "multipart/form-data; boundary=x", 415),
        (SPEC.encode(), "nonsense", 415),
        (SPEC.encode(), "", 415),
        (b'"' + b"x" * 2**20 + b'"', "application/json", 413),
        (b"x" * (2**20 + 1), "text/plain", 413),
    ],
)
def test_a_body_of_the_wrong_form_is_refused(
    client: httpx.Client, nothing_stored: None, content: bytes, content_type: str, status: int
) -> None:
    headers = {"Content-Type": content_type} if content_type else {}

    answer = client.post("/v1/runs", content=content, headers=headers)

    check_problem(answer)
    assert answer.status_code == status


@pytest.mark.parametrize("content_type", ["application/json", "text/plain"])
def test_a_stream_without_a_length_is_cut_at_the_cap(
    client: httpx.Client, nothing_stored: None, content_type: str
) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(64):
            yield b" " * 65_536

    try:
        answer = client.post("/v1/runs", content=endless(), headers={"Content-Type": content_type})
    except httpx.WriteError:  # the server answered and closed while we were still sending
        return
    check_problem(answer)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/runs/not-a-uuid", 422),
        ("GET", "/v1/runs/%00", 422),
        ("GET", "/v1/runs/%ff%fe", 422),
        ("GET", "/v1/runs/..%2f..%2fetc%2fpasswd", 404),
        ("GET", "/v1/runs//", 404),
        ("GET", "/v1/nothing", 404),
        ("GET", "/v1/" + "x" * 5000, 404),
        ("PUT", "/v1/runs", 405),
        ("TRACE", "/v1/runs", 405),
        ("DELETE", "/healthz", 405),
        ("BREW", "/v1/runs", 405),
    ],
)
def test_a_strange_request_is_a_problem(
    client: httpx.Client, method: str, path: str, status: int
) -> None:
    answer = client.request(method, path)

    check_problem(answer)
    assert answer.status_code == status


def test_a_405_names_the_methods_of_all_routes_of_the_path(client: httpx.Client) -> None:
    answer = client.put("/v1/runs/00000000-0000-0000-0000-000000000000")

    assert answer.headers["Allow"] == "DELETE, GET, HEAD, PATCH"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/runs?dryrun=true"),
        ("GET", "/v1/runs?state=queued"),
        ("GET", "/v1/runs/00000000-0000-0000-0000-000000000000?unitl=ended"),
        ("DELETE", "/v1/runs/00000000-0000-0000-0000-000000000000?force=1"),
        ("GET", "/v1/datasets?page=2"),
        ("GET", "/v1/catalog?family=model"),
    ],
)
def test_a_misspelt_parameter_is_refused_by_its_name(
    client: httpx.Client, nothing_stored: None, method: str, path: str
) -> None:
    answer = client.request(method, path, json=spec() if method == "POST" else None)

    problem = check_problem(answer)
    name = path.partition("?")[2].partition("=")[0]
    assert answer.status_code == 422
    assert [error["pointer"] for error in problem["errors"]] == [f"query/{name}"]


def test_what_is_open_to_all_may_be_asked_with_anything(client: httpx.Client) -> None:
    assert client.get("/healthz?probe=1").status_code == 200
    assert client.get("/docs?v=2").status_code == 200


@pytest.mark.parametrize("given", ["x" * 200, 'a"b', "<script>", ""])
def test_a_harmful_request_id_is_replaced(client: httpx.Client, given: str) -> None:
    answer = client.get("/healthz", headers={"X-Request-ID": given})

    assert len(answer.headers["X-Request-ID"]) == 32


def test_a_harmless_request_id_is_kept(client: httpx.Client) -> None:
    answer = client.get("/healthz", headers={"X-Request-ID": "trace-7.a_b"})

    assert answer.headers["X-Request-ID"] == "trace-7.a_b"


@pytest.mark.parametrize("name", ["created_after", "ended_after"])
@pytest.mark.parametrize("time", ["0", "0.5", "1700000000", "2026-01-31", "2026-01-31T12:00:00"])
def test_a_time_that_is_not_written_out_with_its_zone_is_refused(
    client: httpx.Client, name: str, time: str
) -> None:
    answer = client.get("/v1/runs", params={name: time})

    assert answer.status_code == 422
    assert check_problem(answer)["errors"][0]["pointer"] == f"query/{name}"
