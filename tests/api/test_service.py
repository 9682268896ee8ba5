"""Health, figures, workers, headers, the docs page and the document behind it."""

import os
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from openapi_spec_validator import validate

from app.api.reference.examples import LABEL_EXAMPLES, RUN_EXAMPLES
from app.services.fleet.register_worker import register_worker
from app.services.fleet.retire_worker import retire_worker
from app.store.database import unit_of_work
from tests.api.conftest import Clinic, post_run, serving
from tests.api.runs.test_runs import check_problem


def test_the_process_says_that_it_lives(client: httpx.Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}


def test_readiness_names_what_is_missing(
    clinic: Clinic, client: httpx.Client, no_worker: None
) -> None:
    without = client.get("/readyz")
    with unit_of_work(clinic.engine) as work:
        worker_id = register_worker(
            work,
            host="here",
            pid=os.getpid(),
            devices=["cpu"],
            slots=2,
            threads_per_run=1,
            release="1.2.3",
        )
    ready, workers = client.get("/readyz"), client.get("/v1/workers").json()["items"]
    figures = client.get("/metrics").text
    with unit_of_work(clinic.engine) as work:
        retire_worker(work, worker_id=worker_id)

    assert without.status_code == 503
    assert [error["pointer"] for error in check_problem(without)["errors"]] == ["workers"]
    assert (ready.status_code, ready.json()["workers"]) == (200, 1)
    assert [(worker["host"], worker["release"]) for worker in workers] == [("here", "1.2.3")]
    assert "clinic_workers 1.0" in figures


def test_an_artifact_folder_that_is_gone_is_told(clinic: Clinic, client: httpx.Client) -> None:
    root = clinic.settings.artifact_root
    before = client.get("/metrics").text
    root.rename(root.with_name("away"))
    try:
        unready, figures = client.get("/readyz"), client.get("/metrics").text
    finally:
        root.with_name("away").rename(root)

    assert unready.status_code == 503
    errors = {error["pointer"]: error["detail"] for error in check_problem(unready)["errors"]}
    assert errors["artifacts"] == "the artifact folder is gone"
    assert "clinic_artifacts_writable 1.0" in before
    assert "clinic_artifacts_writable 0.0" in figures
    assert "clinic_artifacts_free_bytes 0.0" in figures
    assert "clinic_runs_waiting_for_artifact_space 0.0" in figures


def test_a_missing_broker_is_named(clinic_with: Callable[..., Clinic]) -> None:
    clinic = clinic_with(broker_url="redis://127.0.0.1:1/0")
    with serving(clinic.app) as url:
        errors = check_problem(httpx.get(f"{url}/readyz"))["errors"]

    assert "broker" in {error["pointer"] for error in errors}


def test_figures_count_requests_by_route_and_name_no_run(client: httpx.Client) -> None:
    run_id = post_run(client)["id"]
    client.get(f"/v1/runs/{run_id}")
    client.get("/v1/made-up-by-a-stranger")

    figures = client.get("/metrics").text

    line = r'clinic_http_requests_total\{method="GET",route="/v1/runs/\{run_id\}",status="200"\}'
    assert re.search(line, figures)
    assert 'clinic_runs{status="queued"}' in figures
    assert 'clinic_preflights{status="queued"}' in figures
    assert "clinic_bells_total" in figures
    assert re.search(r"^clinic_malformed_messages_total \d", figures, re.MULTILINE)
    assert run_id not in figures
    assert "made-up" not in figures


@pytest.mark.parametrize("path", ["/healthz", "/v1/runs", "/v1/nothing", "/docs", "/openapi.json"])
def test_every_answer_has_its_security_headers(client: httpx.Client, path: str) -> None:
    headers = client.get(path).headers

    policy = headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "script-src 'unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Request-ID"]


def test_the_docs_page_needs_nothing_from_elsewhere(client: httpx.Client) -> None:
    page = client.get("/docs")

    links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert "<script>" not in page.text
    assert len(links) >= 4
    for link in links:
        if not link.startswith("data:"):
            # relative, so that a proxy may show the page under a path
            assert not urlsplit(link).netloc
            answer = client.get(urljoin("/docs", link))
            assert (link, answer.status_code) == (link, 200)
    assert "SwaggerUIBundle" in client.get("/docs/start.js").text
    assert client.get("/docs/../../main.py").status_code == 404
    assert client.get("/docs/nothing.js").status_code == 404


def test_the_root_leads_to_the_runs_or_to_signing_in(clinic: Clinic, client: httpx.Client) -> None:
    assert client.get("/", follow_redirects=True).url.path == "/runs"
    assert httpx.get(clinic.url, follow_redirects=True).url.path == "/sign-in"


@pytest.mark.parametrize(
    "path", ["/healthz", "/readyz", "/docs", "/v1/runs", "/v1/catalog", "/v1/nothing"]
)
def test_a_head_tells_what_a_get_would_without_its_body(client: httpx.Client, path: str) -> None:
    head, get = client.head(path), client.get(path)

    assert (head.status_code, head.content) == (get.status_code, b"")
    assert head.headers["Content-Type"] == get.headers["Content-Type"]
    assert head.headers.get("ETag") == get.headers.get("ETag")


def test_a_head_of_a_stream_ends_at_once(client: httpx.Client) -> None:
    path = post_run(client)["links"]["events"]

    head = client.head(path, headers={"Accept": "text/event-stream"}, timeout=5)

    assert head.status_code == 200
    assert head.headers["Content-Type"].startswith("text/event-stream")


def test_the_document_is_valid_openapi(client: httpx.Client) -> None:
    validate(client.get("/openapi.json").json())


def test_every_error_is_documented_as_a_problem(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()

    for path, method, operation in operations_of(document):
        answers = operation["responses"]
        where = f"{method} {path}"
        for status, answer in answers.items():
            if status.startswith(("4", "5")):
                assert list(answer["content"]) == ["application/problem+json"], where
        if "security" in operation:
            assert {"401", "403", "422", "429", "500", "503"} <= set(answers), where
        if "{" in path:
            assert "404" in answers, where
    assert "HTTPValidationError" not in str(document)


def test_every_body_that_is_text_has_an_example(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()

    for path, method, operation in operations_of(document):
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
            is_text = "format" not in content["schema"]  # bytes have no example
            examples = content.get("examples") or content.get("example")
            assert examples or not is_text, f"{method} {path} {media_type}"


@pytest.mark.parametrize("name", RUN_EXAMPLES)
def test_an_example_of_a_run_can_be_posted(client: httpx.Client, name: str) -> None:
    answer = client.post("/v1/runs", json=RUN_EXAMPLES[name]["value"])

    assert answer.status_code == 201
    client.delete(answer.headers["Location"])


@pytest.mark.parametrize("name", LABEL_EXAMPLES)
def test_an_example_of_labels_can_be_sent(client: httpx.Client, name: str) -> None:
    run = post_run(client)

    answer = client.patch(run["links"]["self"], json=LABEL_EXAMPLES[name]["value"])

    assert answer.status_code == 200


def test_pages_of_other_origins_may_call_when_settings_say_so(
    clinic_with: Callable[..., Clinic],
) -> None:
    clinic = clinic_with(cors_origins=("https://board.example",))
    asked = {"Access-Control-Request-Method": "GET", "Origin": "https://board.example"}
    with serving(clinic.app) as url:
        known = httpx.options(f"{url}/v1/runs", headers=asked)
        strange = httpx.options(
            f"{url}/v1/runs", headers={**asked, "Origin": "https://evil.example"}
        )

    assert known.headers["Access-Control-Allow-Origin"] == "https://board.example"
    assert "Access-Control-Allow-Origin" not in strange.headers


def operations_of(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def test_a_large_answer_is_compressed_where_the_client_accepts_it(client: httpx.Client) -> None:
    packed = client.get("/openapi.json", headers={"Accept-Encoding": "gzip"})
    plain = client.get("/openapi.json", headers={"Accept-Encoding": "identity"})
    small = client.get("/healthz", headers={"Accept-Encoding": "gzip"})

    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert int(packed.headers["Content-Length"]) < int(plain.headers["Content-Length"]) / 4
    assert packed.content == plain.content
    assert "Content-Encoding" not in plain.headers
    assert "Content-Encoding" not in small.headers
