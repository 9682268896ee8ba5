"""The reference page in the browser: both themes, nobody is shut out, and short answers."""

import tomllib
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.api.conftest import Clinic
from tests.dashboard.axe import Fault, faults_of
from tests.dashboard.conftest import Watched

_LISTED = Path(__file__).with_name("reference_faults.toml")
#: A JSON body and many answers; query parameters of every type; a file and a form.
_OPERATIONS = ("create_run", "get_history", "create_dataset")
#: Swagger UI reads a document of 600 KB before it draws, and resolves all schemas of an operation
#: when it is opened: seconds of work on a machine that has much else to do.
_PATIENCE_MS = 90_000


@pytest.fixture(params=["light", "dark"])
def theme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def reference(context: BrowserContext, clinic: Clinic, theme: str) -> Watched:
    """The page once its operations are listed."""
    watched = Watched(page=context.new_page(), origin=clinic.url)
    watched.page.set_default_timeout(_PATIENCE_MS)
    watched.page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    watched.page.goto("/docs")
    watched.page.locator(".opblock").first.wait_for()
    return watched


def _open(page: Page, operation: str) -> None:
    block = page.locator(f"[id$='-{operation}']")
    block.locator(".opblock-summary-control").click()
    block.locator(".responses-table").first.wait_for()


def _worst(found: list[list[Fault]]) -> dict[str, int]:
    """Rule -> the greatest number of places at which it was broken at once."""
    return {
        fault.rule: max(len(one.places) for part in found for one in part if one.rule == fault.rule)
        for part in found
        for fault in part
    }


def test_the_page_has_no_fault_that_is_not_listed(reference: Watched) -> None:
    page = reference.page
    listed = tomllib.loads(_LISTED.read_text()).get("fault", [])

    for operation in _OPERATIONS:
        _open(page, operation)
    page.locator("[id$='-create_run'] .try-out__btn").click()
    page.locator("[id$='-create_run'] .body-param__text").wait_for()
    page.locator("[id$='-get_history'] button[data-name=model]").first.click()
    page.locator("[id$='-get_history'] button[data-name=model]").first.wait_for()
    found = [faults_of(page)]
    page.locator("button.authorize").first.click()
    page.locator(".close-modal").wait_for()
    found.append(faults_of(page))

    worst, most = _worst(found), {fault["rule"]: fault["places"] for fault in listed}
    new = [str(one) for part in found for one in part if worst[one.rule] > most.get(one.rule, 0)]
    assert new == []
    assert {rule for rule in most if rule not in worst} == set()
    assert [one for one in listed if one["impact"] in {"serious", "critical"}] == []
    assert reference.complaints == []


def test_the_page_follows_the_theme_of_the_system(reference: Watched, theme: str) -> None:
    page = reference.page
    other = {"light": "dark", "dark": "light"}[theme]
    luminance = {"light": "rgb(255, 255, 255)", "dark": "rgb(28, 32, 34)"}

    expect(page.locator("body")).to_have_css("background-color", luminance[theme])
    page.emulate_media(color_scheme="dark" if other == "dark" else "light")
    expect(page.locator("body")).to_have_css("background-color", luminance[other])


@pytest.mark.parametrize("theme", ["light"], indirect=True)
def test_an_error_is_one_line_until_its_example_is_asked_for(reference: Watched) -> None:
    page = reference.page
    _open(page, "create_run")
    row = page.locator("[id$='-create_run'] tr[data-code='409']")

    expect(row).to_contain_text("idempotency_in_flight")
    expect(row.locator("pre")).to_have_count(0)
    row.get_by_role("button").click()

    expect(row.locator("pre")).to_contain_text('"status": 409')


@pytest.mark.parametrize("theme", ["light"], indirect=True)
def test_the_filter_finds_operations_by_their_words(reference: Watched) -> None:
    page = reference.page

    page.get_by_label("Filter operations").fill("fork")

    expect(page.locator(".opblock")).to_have_count(1)
    expect(page.locator(".opblock")).to_contain_text("Fork a run")


@pytest.mark.parametrize("theme", ["light"], indirect=True)
@pytest.mark.parametrize("width", [390, 1280, 1920])
def test_the_page_is_no_wider_than_the_screen(reference: Watched, width: int) -> None:
    page = reference.page
    page.set_viewport_size({"width": width, "height": 900})
    _open(page, "create_run")

    assert not page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
