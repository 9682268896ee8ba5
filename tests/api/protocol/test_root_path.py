"""Behind a proxy that shows the service under a path, every address of ours has that path."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from app.domain.errors import Misconfigured
from app.main import create_app
from app.settings import Settings
from tests.api.conftest import Clinic, post_run, serving
from tests.test_settings import COMPLETE

ROOT = "/clinic"
PAGES = (
    "/runs",
    "/runs/new",
    "/datasets",
    "/fleet",
    "/settings",
    "/sign-in",
    "/runs/{run_id}",
    "/embed/runs/{run_id}/loss",
)


@contextmanager
def served(clinic: Clinic, **changes: object) -> Iterator[httpx.Client]:
    """The installation under other settings, as its first admin asks it."""
    app = create_app(clinic.settings.model_copy(update=changes))
    headers = {"Authorization": f"Bearer {clinic.key}"}
    with serving(app) as url, httpx.Client(base_url=url, headers=headers, timeout=20) as client:
        yield client


@pytest.fixture(scope="module")
def client(clinic: Clinic) -> Iterator[httpx.Client]:
    with served(clinic, root_path=ROOT) as client:
        yield client


def hrefs(part: object, key: str = "") -> Iterator[str]:
    """The addresses in an answer: of links, of the next page, of files and of ready requests."""
    if isinstance(part, dict):
        for name, value in part.items():
            is_address = key == "links" or name in {"next", "href"}
            if is_address and isinstance(value, str):
                yield value
            yield from hrefs(value, name)
    elif isinstance(part, list):
        for one in part:
            yield from hrefs(one, key)


def test_a_proxy_may_pass_the_prefix_on_or_not(client: httpx.Client) -> None:
    for path in ("/v1/runs", "/healthz", "/docs", "/openapi.json"):
        assert client.get(path).status_code == 200
        assert client.get(ROOT + path).status_code == 200


def test_location_links_and_next_lead_back_through_the_proxy(client: httpx.Client) -> None:
    posted = client.post(
        "/v1/runs",
        json={"model": {"kind": "gru"}, "dataset": {"kind": "adding", "length": 10}},
    )
    post_run(client)
    run_id = posted.json()["id"]

    answers = [
        posted,
        client.get("/v1/runs?limit=1&include=sparklines"),
        client.get(f"{ROOT}/v1/runs?limit=1"),
        client.get(f"/v1/runs/{run_id}"),
        client.get(f"/v1/runs/{run_id}/events?limit=1"),
        client.post("/v1/preflight?wait_s=0", json=posted.json()["spec"]),
        client.post(f"/v1/runs/{run_id}/cancel"),
    ]

    assert posted.headers["Location"] == f"{ROOT}/v1/runs/{run_id}"
    for answer in answers:
        found = list(hrefs(answer.json()))
        assert answer.is_success, answer.text
        assert found, answer.text
        assert [href for href in found if not href.startswith(f"{ROOT}/v1/")] == []
    following = answers[1].json()["next"]
    assert client.get(following).json()["items"][0]["id"] != answers[1].json()["items"][0]["id"]


def test_the_document_names_the_path_and_its_page_loads_what_lies_beside_it(
    client: httpx.Client, clinic: Clinic
) -> None:
    page = client.get("/docs").text

    assert client.get("/openapi.json").json()["servers"] == [{"url": ROOT}]
    assert re.findall(r'(?:src|href)="(/[^"]*)"', page) == []
    with clinic.client() as direct:
        assert "servers" not in direct.get("/openapi.json").json()


def test_pages_and_their_files_stay_under_the_path(client: httpx.Client) -> None:
    run_id = post_run(client)["id"]

    for page in PAGES:
        answer = client.get(page.format(run_id=run_id))
        addresses = re.findall(r'\s(?:src|href|action)="(/[^"]*)"', answer.text)
        assert answer.status_code == 200
        assert addresses
        assert [one for one in addresses if not one.startswith(f"{ROOT}/")] == [], page
        files = {one for one in addresses if "/assets/" in one}
        assert {client.get(one).status_code for one in files} == {200}


def test_signing_in_leads_back_to_the_page_and_keeps_the_cookie_under_the_path(
    client: httpx.Client, clinic: Clinic
) -> None:
    with httpx.Client(
        base_url=client.base_url, headers={"Origin": str(client.base_url)}
    ) as browser:
        asked = browser.get("/runs?tag=a")
        form = {"key": clinic.key, "next": f"{ROOT}/runs?tag=a"}
        signed_in = browser.post("/sign-in", data=form)

    assert asked.headers["Location"] == f"{ROOT}/sign-in?next=%2Fclinic%2Fruns%3Ftag%3Da"
    assert signed_in.headers["Location"] == f"{ROOT}/runs?tag=a"
    assert f"Path={ROOT}/" in signed_in.headers["Set-Cookie"]


@pytest.mark.parametrize("address", ["/", ROOT, f"{ROOT}/"])
def test_the_root_leads_to_the_runs(client: httpx.Client, address: str) -> None:
    assert client.get(address).headers["Location"] == f"{ROOT}/runs"


def test_a_trusted_proxy_names_the_path_itself(clinic: Clinic) -> None:
    forwarded = {"X-Forwarded-Prefix": "/team/clinic/"}

    with served(clinic, root_path=ROOT, trusted_proxies=("127.0.0.0/8",)) as client:
        links = client.get("/v1/runs?limit=1", headers=forwarded).json()["items"][0]["links"]
        page = client.get("/team/clinic/runs", headers=forwarded).text

    assert links["self"].startswith("/team/clinic/v1/runs/")
    assert 'data-root="/team/clinic"' in page


@pytest.mark.parametrize("given", ["//evil.example", "/a/../b", "/a b", "javascript:x", "/<x>"])
def test_a_prefix_that_is_no_path_is_ignored(clinic: Clinic, given: str) -> None:
    with served(clinic, trusted_proxies=("127.0.0.0/8",)) as client:
        answer = client.get("/v1/runs?limit=1", headers={"X-Forwarded-Prefix": given})

    assert answer.json()["items"][0]["links"]["self"].startswith("/v1/runs/")


def test_a_stranger_cannot_name_the_path(client: httpx.Client) -> None:
    answer = client.get("/v1/runs?limit=1", headers={"X-Forwarded-Prefix": "/evil"})

    assert answer.json()["items"][0]["links"]["self"].startswith(f"{ROOT}/v1/")


@pytest.mark.parametrize("value", ["clinic", "/a//b", "/..", "/a b", "https://x"])
def test_a_root_path_that_is_no_path_is_refused(value: str) -> None:
    given: dict[str, Any] = {**COMPLETE, "CLINIC_ROOT_PATH": value}

    with pytest.raises(Misconfigured, match="CLINIC_ROOT_PATH"):
        Settings.read(given)


def test_a_slash_at_the_end_of_a_root_path_is_taken_off() -> None:
    assert Settings.read({**COMPLETE, "CLINIC_ROOT_PATH": "/clinic/"}).root_path == ROOT
    assert Settings.read({**COMPLETE, "CLINIC_ROOT_PATH": "/"}).root_path == ""
