"""The page of runs, in the browser."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.api.conftest import Clinic, spec
from tests.api.installation import new_workspace
from tests.dashboard.conftest import PATIENCE_MS, RUN_PAGE, Watched, sign_in


@pytest.fixture
def newcomer(browser: Browser, clinic: Clinic) -> Iterator[Watched]:
    """Somebody whose workspace has no run yet."""
    context = browser.new_context(base_url=clinic.url)
    context.set_default_timeout(PATIENCE_MS)
    sign_in(clinic, context, can_write=True, key=new_workspace(clinic.engine, "newcomer"))
    yield Watched(page=context.new_page(), origin=clinic.url)
    context.close()


def test_a_newcomer_starts_a_first_run_with_one_click(newcomer: Watched) -> None:
    page = newcomer.page
    page.goto("/runs")
    expect(page.get_by_role("heading", name="No run yet")).to_be_visible()

    with page.expect_response(lambda answer: answer.request.method == "POST") as posted:
        page.get_by_role("button", name="Start").first.click()

    assert posted.value.status == 201
    page.wait_for_url(RUN_PAGE)
    page.goto("/runs")
    expect(page.get_by_role("link", name="Elman, adding over 200 timesteps")).to_be_visible()
    assert newcomer.complaints == []


def test_a_new_run_appears_without_a_reload(clinic: Clinic, watched: Watched) -> None:
    with clinic.client() as client:
        client.post("/v1/runs", json=spec(name="the first"))
        watched.page.goto("/runs")

        client.post("/v1/runs", json=spec(name="the late one"))

    expect(watched.page.get_by_role("link", name="the late one").first).to_be_visible()
    assert watched.complaints == []


def test_filters_are_in_the_address(clinic: Clinic, watched: Watched) -> None:
    with clinic.client() as client:
        client.post("/v1/runs", json=spec(name="needle", tags=["blue"]))
    page = watched.page
    page.goto("/runs")

    page.get_by_label("Search").fill("needle")
    page.get_by_role("button", name="Filter").click()

    page.wait_for_url("**/runs?q=needle")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Clear").click()
    page.wait_for_url("**/runs")


def test_selected_runs_are_cancelled_and_deleted(clinic: Clinic, watched: Watched) -> None:
    with clinic.client() as client:
        for _ in range(2):
            client.post("/v1/runs", json=spec(name="to go", tags=["chaff"]))
    page = watched.page
    page.goto("/runs?tag=chaff")

    for box in page.locator("tbody input[type=checkbox]").all():
        box.check()
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("tbody .badge.cancelled")).to_have_count(2)
    expect(page.locator("tbody input:checked")).to_have_count(0)
    for box in page.locator("tbody input[type=checkbox]").all():
        box.check()
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Delete").click()

    expect(page.get_by_text("No run matches.")).to_be_visible()
    assert watched.complaints == []


def test_names_and_tags_are_text(clinic: Clinic, watched: Watched) -> None:
    evil = "<img src=x onerror=alert(1)>\"'><script>alert(1)</script>"
    with clinic.client() as client:
        client.post("/v1/runs", json=spec(name=evil, tags=["<b>bold</b>"], notes=evil))

    watched.page.goto("/runs")

    expect(watched.page.get_by_role("link", name="<img src=x onerror").first).to_be_visible()
    assert watched.page.locator("tbody img, tbody b, tbody script").count() == 0
    assert watched.complaints == []


@pytest.mark.parametrize("width", [390, 1280])
def test_a_row_of_a_long_name_and_many_tags_stays_short(
    clinic: Clinic, watched: Watched, width: int
) -> None:
    tags = [f"{number:02}-{'wide-' * 12}" for number in range(20)]
    page = watched.page
    page.set_viewport_size({"width": width, "height": 900})
    with clinic.client() as client:
        names = ["a name of words " * 12, "without-a-space" * 13]
        for name in names:
            client.post("/v1/runs", json=spec(name=name, tags=tags)).raise_for_status()

    page.goto(f"/runs?tag={tags[0]}")

    expect(page.get_by_text("and 17 more").first).to_be_visible()
    for cell in page.locator("td.name").all():
        box = cell.bounding_box()
        assert box is not None
        assert box["height"] < 150
    is_wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not page.evaluate(is_wide)
    assert watched.complaints == []
