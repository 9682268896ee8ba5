"""The report of a run: one file that stands alone."""

from collections.abc import Iterator
from html.parser import HTMLParser

import httpx
import pytest

from app.dashboard.report import POLICY
from tests.api.conftest import Clinic, spec
from tests.dashboard.conftest import Watched

EVIL = "<img src=x onerror=alert(1)>\"'</title></style><script>alert(1)</script>"


class _Elements(HTMLParser):
    """The names of all elements, and all addresses that they hold."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        kept = {"src", "href", "xlink:href", "data", "action", "srcset"}
        self.addresses += [value or "" for name, value in attrs if name in kept]


@pytest.fixture(scope="module")
def client(clinic: Clinic) -> Iterator[httpx.Client]:
    with clinic.client() as made:
        yield made


@pytest.fixture(scope="module")
def path(clinic: Clinic) -> str:
    with clinic.client() as client:
        run = client.post("/v1/runs", json=spec(name=EVIL, tags=["<b>"], notes=EVIL)).json()
    return f"/v1/runs/{run['id']}/report.html"


def test_a_report_stands_alone(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    found = _Elements()
    found.feed(answer.text)

    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "svg" in found.names
    assert not found.names & {"script", "link", "iframe", "object", "embed", "form", "base"}
    assert [one for one in found.addresses if not one.startswith(("#", "data:"))] == []
    assert "url(http" not in answer.text


def test_a_report_may_load_nothing(client: httpx.Client, path: str) -> None:
    headers = client.get(path).headers

    assert headers["Content-Security-Policy"] == POLICY
    assert "default-src 'none'" in POLICY
    assert "script-src" not in POLICY


def test_names_are_texts_of_the_report(watched: Watched, path: str) -> None:
    watched.page.goto(path)

    assert watched.page.locator("h1").inner_text() == EVIL
    assert watched.page.locator("script, img, b").count() == 0
    assert watched.page.locator(".picture svg").is_visible()
    assert watched.complaints == []


def test_a_report_that_did_not_change_is_not_sent_again(client: httpx.Client, path: str) -> None:
    first = client.get(path)
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})

    assert again.status_code == httpx.codes.NOT_MODIFIED


def test_the_report_of_others_is_not_there(clinic: Clinic, path: str) -> None:
    with clinic.client(clinic.other_key) as other:
        assert other.get(path).status_code == httpx.codes.NOT_FOUND


def test_a_stranger_is_asked_for_a_key(clinic: Clinic, path: str) -> None:
    assert httpx.get(clinic.url + path).status_code == httpx.codes.UNAUTHORIZED


def test_the_page_of_a_run_leads_to_its_report(watched: Watched, path: str) -> None:
    watched.page.goto(f"/runs/{path.split('/')[3]}")

    watched.page.get_by_role("link", name="Report", exact=True).click()

    watched.page.wait_for_url("**/report.html")
    assert watched.complaints == []
