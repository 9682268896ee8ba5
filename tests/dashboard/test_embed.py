"""A chart of a run in a frame, and which pages may not be in one."""

import re
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import expect

from app.domain.errors import Misconfigured
from app.settings import Settings
from tests.api.conftest import Clinic, clinic_with, serving, spec
from tests.dashboard.conftest import Watched

__all__ = ["clinic_with"]


@pytest.fixture(scope="module")
def run_id(clinic: Clinic) -> str:
    with clinic.client() as client:
        return str(client.post("/v1/runs", json=spec(name="<b>framed</b>")).json()["id"])


def _frame_ancestors(answer: httpx.Response) -> list[str]:
    """The values of the directive, of which there is one."""
    directives = answer.headers["Content-Security-Policy"].split(";")
    [found] = [one.split() for one in directives if one.strip().startswith("frame-ancestors")]
    return found[1:]


def test_a_chart_may_be_framed_by_this_server_alone(clinic: Clinic, run_id: str) -> None:
    with clinic.client() as client:
        answer = client.get(f"/embed/runs/{run_id}/loss")

    assert answer.status_code == httpx.codes.OK
    assert _frame_ancestors(answer) == ["'self'"]


def test_a_chart_may_be_framed_by_origins_that_are_named(
    clinic_with: Callable[..., Clinic], run_id: str
) -> None:
    varied = clinic_with(embed_origins=("https://wiki.example", "https://*.grafana.example:3000"))
    headers = {"Authorization": f"Bearer {varied.key}"}
    with serving(varied.app) as url:
        chart = httpx.get(f"{url}/embed/runs/{run_id}/overview", headers=headers)
        page = httpx.get(f"{url}/runs/{run_id}", headers=headers)

    named = ["'self'", "https://wiki.example", "https://*.grafana.example:3000"]
    assert _frame_ancestors(chart) == named
    assert _frame_ancestors(page) == ["'none'"]


@pytest.mark.parametrize(
    "path",
    [
        *("/runs", "/runs/new", "/runs/{run}", "/compare?run_id={run}", "/datasets", "/fleet"),
        *("/settings", "/sign-in", "/docs", "/v1/runs", "/v1/runs/{run}/report.html"),
        *("/v1/runs/{run}/plots/loss.svg", "/nowhere", "/embed/runs/{run}/nothing"),
    ],
)
def test_nothing_else_may_be_framed(clinic: Clinic, run_id: str, path: str) -> None:
    with clinic.client() as client:
        answer = client.get(path.format(run=run_id))

    assert _frame_ancestors(answer) == ["'none'"]


def test_the_chart_of_others_is_not_there(clinic: Clinic, run_id: str) -> None:
    with clinic.client(clinic.other_key) as other:
        assert other.get(f"/embed/runs/{run_id}/loss").status_code == httpx.codes.NOT_FOUND


@pytest.mark.parametrize("given", ["https://a.example; script-src *", "*", "a.example", "https://"])
def test_what_is_no_origin_is_refused(clinic: Clinic, given: str) -> None:
    needed = {
        "CLINIC_SECRET": "s" * 32,
        "CLINIC_DATABASE_URL": "postgresql://db/clinic",
        "CLINIC_BROKER_URL": "redis://broker/0",
    }

    with pytest.raises(Misconfigured, match="CLINIC_EMBED_ORIGINS"):
        Settings.read(needed | {"CLINIC_EMBED_ORIGINS": given})


def test_the_picture_of_a_live_run_is_read_again(watched: Watched, run_id: str) -> None:
    page = watched.page
    page.clock.install()
    page.goto(f"/embed/runs/{run_id}/loss?theme=dark", wait_until="networkidle")
    assert page.locator("img").evaluate("one => one.naturalWidth") > 0

    with page.expect_response(lambda answer: "/plots/loss.svg" in answer.url):
        page.clock.fast_forward(10_000)

    expect(page.locator("img")).to_have_attribute("src", re.compile("^blob:"))
    assert page.locator("img").get_attribute("alt") == "Loss of <b>framed</b>"
    assert watched.complaints == []
