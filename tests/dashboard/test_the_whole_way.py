"""From the empty list to a cure, with a real worker: by mouse, by keyboard, and in pictures."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from app.demo.orders import orders
from tests.dashboard.conftest import PATIENCE_MS, RUN_PAGE, Watched
from tests.end_to_end.conftest import Owner, owner

__all__ = ["owner"]

#: Until a run of a few hundred steps has ended, on a machine that does other things too.
TRAINED_MS = 120_000
WIDTHS = (390, 1280, 1920)


@pytest.fixture(scope="module")
def visitor(browser: Browser, owner: Owner) -> Iterator[BrowserContext]:
    context = browser.new_context(
        base_url=str(owner.http.base_url), viewport={"width": 1280, "height": 900}
    )
    context.set_default_timeout(PATIENCE_MS)
    yield context
    context.close()


def _press_until_focused(page: Page, text: str) -> None:
    """Moves on by the tabulator until something with this text or label has the focus."""
    for _ in range(120):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            "(() => { const one = document.activeElement;"
            " const label = one.labels?.[0]?.textContent ?? '';"
            " return [one.textContent, label, one.ariaLabel].join('|'); })()"
        )
        if text in focused:
            return
    pytest.fail(f"nothing with {text!r} can be reached by the tabulator")


def _sign_in(page: Page, key: str) -> None:
    page.goto("/")
    page.get_by_label("API key").fill(key)
    page.get_by_label("Allow changes").check()
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/runs")


def test_a_newcomer_comes_to_a_cure(visitor: BrowserContext, owner: Owner) -> None:
    watched = Watched(page=visitor.new_page(), origin=str(owner.http.base_url))
    page = watched.page
    _sign_in(page, (owner.service.home / "admin-key").read_text().strip())
    expect(page.get_by_role("heading", name="No run yet")).to_be_visible()

    page.get_by_role("link", name="New run").first.click()
    page.wait_for_url("**/runs/new")
    page.get_by_label("Model", exact=True).select_option("elman")
    page.get_by_label("Hidden size").fill("16")
    page.get_by_label("Num steps").fill("300")
    page.get_by_role("button", name="Preflight").click()
    expect(page.locator("[data-preflight-result]")).to_contain_text(
        "The gradient reaches", timeout=TRAINED_MS
    )
    page.get_by_role("button", name="Start the run").click()
    page.wait_for_url(RUN_PAGE)
    sick = page.url

    expect(page.locator(".run-line .badge.sick")).to_be_visible(timeout=TRAINED_MS)
    expect(page.locator(".story .summary")).to_contain_text("Sick")
    expect(page.locator("[data-chart=flow] canvas")).to_be_visible()
    page.get_by_role("button", name="Try it").first.click()
    page.wait_for_url(lambda url: url != sick and RUN_PAGE.search(url) is not None)
    expect(page.locator(".run-line .badge.succeeded")).to_be_visible(timeout=TRAINED_MS)

    page.get_by_role("link", name="Runs", exact=True).first.click()
    page.wait_for_url("**/runs")
    expect(page.locator("tbody tr")).to_have_count(2)
    for box in page.locator("tbody input[type=checkbox]").all():
        box.check()
    page.get_by_role("link", name="Compare").click()
    page.wait_for_url("**/compare?*")
    expect(page.get_by_role("heading", name="Compare 2 runs")).to_be_visible()
    expect(page.locator("[data-chart=loss] canvas")).to_be_visible()
    assert watched.complaints == []


def test_the_same_way_is_open_to_the_keyboard_alone(visitor: BrowserContext, owner: Owner) -> None:
    page = visitor.new_page()
    page.goto("/runs")
    _press_until_focused(page, "New run")
    page.keyboard.press("Enter")
    page.wait_for_url("**/runs/new")
    expect(page.locator("[data-cost]")).to_contain_text("weights")
    _press_until_focused(page, "Num steps")
    page.keyboard.type("20")
    expect(page.get_by_role("button", name="Start the run")).to_be_enabled()
    _press_until_focused(page, "Start the run")
    page.keyboard.press("Enter")
    page.wait_for_url(RUN_PAGE)

    expect(page.locator(".run-line .badge.succeeded")).to_be_visible(timeout=TRAINED_MS)
    canvas = page.locator("[data-chart=flow] canvas")
    canvas.focus()
    told = page.locator("[data-chart=flow] [role=status]")
    last = told.inner_text()
    page.keyboard.press("Home")
    expect(told).to_contain_text("Step 0:")
    assert told.inner_text() != last


def test_three_clicks_lead_to_why_the_elman_of_the_demo_is_sick(
    browser: Browser, owner: Owner
) -> None:
    """From the first page to the reason; the run is that of the demo, shorter."""
    order = orders("")[0].body
    run_id = owner.post_run({**order, "training": {"num_steps": 200, "evaluate_every": 40}})
    owner.wait_until(lambda: owner.run(run_id)["ended_at"] is not None)
    context = browser.new_context(
        base_url=str(owner.http.base_url), viewport={"width": 1280, "height": 900}
    )
    page = context.new_page()
    page.goto("/")
    page.get_by_label("API key").fill((owner.service.home / "admin-key").read_text().strip())

    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/runs")
    page.get_by_role("link", name="demo: elman vanishes").click()
    page.wait_for_url(RUN_PAGE)

    summary = page.locator(".story .summary")
    expect(summary).to_contain_text("Sick")
    expect(summary).to_contain_text("the recurrent Jacobian shrinks the gradient")
    expect(summary).to_be_in_viewport(ratio=1)
    expect(page.locator(".remedies li").first).to_be_in_viewport()
    vanishing = page.locator(".finding", has_text="vanishing gradient").first
    expect(vanishing).to_contain_text("At a lag of 199 timesteps, which the task needs")
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_has_its_pictures(
    visitor: BrowserContext, owner: Owner, tmp_path: Path, theme: Literal["light", "dark"]
) -> None:
    """Kept as output of the test, to be looked at."""
    page = visitor.new_page()
    page.emulate_media(color_scheme=theme)
    ids = [run["id"] for run in owner.http.get("/v1/runs").json()["items"]]
    compared = "&".join(f"run_id={run_id}" for run_id in ids[:3])
    charts = (f"/runs/{ids[-1]}", f"/compare?{compared}")
    # a report has one theme, that of its picture
    report = (f"/v1/runs/{ids[-1]}/report.html",) if theme == "light" else ()
    paths = ("/runs", "/runs/new", *charts, *report, "/datasets", "/fleet", "/settings")
    for path in paths:
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(path, wait_until="networkidle")
            if path in charts:
                expect(page.locator("[data-chart=loss] canvas")).to_be_visible()
            name = re.sub(r"\W+", "-", path).strip("-")[:40]
            file = tmp_path / f"{name}-{width}.png"
            page.screenshot(path=file, full_page=True, timeout=TRAINED_MS)

    assert len(list(tmp_path.iterdir())) == len(paths) * len(WIDTHS)
    page.close()
