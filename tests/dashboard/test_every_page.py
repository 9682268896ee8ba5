"""What holds for every page: no errors, nobody is shut out, nothing wider than the screen."""

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.api.conftest import Clinic, spec
from tests.dashboard.axe import faults_of
from tests.dashboard.conftest import Watched

PAGES = (
    "/runs",
    "/runs/new",
    "/runs/{run}",
    "/compare?run_id={run}",
    "/datasets",
    "/datasets/{data}",
    "/fleet",
    "/settings",
)
_TABLE = "time,load\n" + "\n".join(f"2024-01-{day:02},{day % 7}" for day in range(1, 32))


@pytest.fixture(scope="module")
def places(clinic: Clinic) -> dict[str, str]:
    """The ids of a run and of a data set."""
    with clinic.client() as client:
        run = client.post("/v1/runs", json=spec(name="seen", tags=["one", "two"])).json()
        data = client.post("/v1/datasets?name=load&kind=csv", content=_TABLE).json()
    return {"run": run["id"], "data": data["id"]}


def _serious(page: Page) -> list[str]:
    """The rules of axe-core that the page breaks seriously, with what breaks them first."""
    return [str(fault) for fault in faults_of(page) if fault.is_serious]


def test_the_rules_find_a_picture_without_words(watched: Watched) -> None:
    watched.page.set_content(
        '<html lang="en"><title>x</title><main><img src="data:,"></main></html>'
    )

    assert [rule.partition(":")[0] for rule in _serious(watched.page)] == ["image-alt"]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_shuts_nobody_out(
    context: BrowserContext, clinic: Clinic, places: dict[str, str], path: str, theme: str
) -> None:
    watched = Watched(page=context.new_page(), origin=clinic.url)
    page = watched.page
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    page.goto(path.format(**places), wait_until="networkidle")

    assert _serious(page) == []
    assert watched.complaints == []


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("width", [390, 1280, 1920])
def test_a_page_is_no_wider_than_the_screen(
    watched: Watched, places: dict[str, str], path: str, width: int
) -> None:
    watched.page.set_viewport_size({"width": width, "height": 900})
    watched.page.goto(path.format(**places), wait_until="networkidle")

    is_wider = watched.page.evaluate("document.documentElement.scrollWidth > window.innerWidth")

    assert not is_wider


def test_a_run_is_told_without_scripts(
    browser: Browser, clinic: Clinic, context: BrowserContext, places: dict[str, str]
) -> None:
    plain = browser.new_context(
        java_script_enabled=False, base_url=clinic.url, storage_state=context.storage_state()
    )
    page = plain.new_page()
    page.goto("/runs")
    listed = page.locator("tbody").inner_text()
    page.goto(f"/runs/{places['run']}")
    told = page.locator("main").inner_text()
    plain.close()

    assert "seen" in listed
    assert "Undetermined" in told
