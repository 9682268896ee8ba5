"""What a page of another site can do with a browser that has signed in here: nothing."""

from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import BrowserContext, Route

from tests.api.conftest import Clinic, clinic_with, post_run, serving
from tests.dashboard.conftest import PATIENCE_MS

__all__ = ["clinic_with"]

EVIL = "http://evil.example/"


def _serve(context: BrowserContext, page: str) -> None:
    def answer(route: Route) -> None:
        route.fulfill(body=page, content_type="text/html")

    context.route(f"{EVIL}**", answer)


@pytest.mark.parametrize("path", ["/runs", "/runs/{run}", "/settings", "/sign-in", "/docs"])
def test_a_page_of_ours_is_not_shown_in_a_foreign_frame(
    context: BrowserContext, clinic: Clinic, path: str
) -> None:
    with clinic.client() as client:
        address = clinic.url + path.format(run=post_run(client)["id"])
    _serve(context, f"<iframe src='{address}'></iframe>")
    page = context.new_page()

    page.goto(EVIL, wait_until="networkidle")

    [frame] = [one for one in page.frames if one is not page.main_frame]
    assert frame.url.startswith("chrome-error:")


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain"])
def test_a_foreign_form_cancels_nothing(context: BrowserContext, clinic: Clinic, kind: str) -> None:
    with clinic.client() as client:
        run = post_run(client, name="stays")
        address = f"{clinic.url}/v1/runs/{run['id']}/cancel"
        form = (
            f"<form method='post' enctype='{kind}' action='{address}'><button>Win</button></form>"
        )
        _serve(context, form)
        page = context.new_page()
        page.goto(EVIL)

        with page.expect_response(address) as answered:
            page.get_by_role("button").click()

        assert answered.value.status in {httpx.codes.FORBIDDEN, httpx.codes.UNAUTHORIZED}
        assert client.get(f"/v1/runs/{run['id']}").json()["status"] == "queued"


def test_a_foreign_script_reads_nothing(context: BrowserContext, clinic: Clinic) -> None:
    _serve(context, "<p>foreign</p>")
    page = context.new_page()
    page.goto(EVIL)

    for path in ("/v1/runs", "/runs", "/v1/api-keys"):
        read = f"fetch('{clinic.url}{path}', {{credentials: 'include'}}).then(() => 'read')"
        assert page.evaluate(f"{read}.catch(() => 'refused')") == "refused"


def test_the_cookie_is_for_secure_connections_where_there_is_one(
    clinic_with: Callable[..., Clinic],
) -> None:
    varied = clinic_with(trusted_proxies=("127.0.0.1",))
    with serving(varied.app) as url:
        headers = {"Origin": url.replace("http:", "https:"), "X-Forwarded-Proto": "https"}
        answer = httpx.post(
            f"{url}/sign-in", data={"key": varied.key}, headers=headers, timeout=PATIENCE_MS / 1000
        )

    assert "Secure" in answer.headers["Set-Cookie"].split("; ")


def test_no_cache_gives_the_page_of_one_session_to_another(clinic: Clinic) -> None:
    with clinic.client() as client:
        run = post_run(client)
        for path in ("/runs", f"/runs/{run['id']}", f"/v1/runs/{run['id']}"):
            headers = client.get(path).headers
            assert {"private", "no-cache"} <= set(headers["Cache-Control"].split(", "))
            assert {"Authorization", "Cookie"} <= set(headers["Vary"].split(", "))
    signed_in = httpx.post(
        f"{clinic.url}/sign-in", data={"key": clinic.key}, headers={"Origin": clinic.url}
    )
    assert signed_in.headers["Cache-Control"] == "no-store"
