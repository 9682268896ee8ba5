"""Debian's Chromium for measurements, signed in."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, sync_playwright

from bench.dashboard.processes import below
from bench.dashboard.server import Installation

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE_MS = 60_000


@contextmanager
def chromium() -> Iterator[Browser]:
    """Starts the browser; it is the only one below this process."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=list(FLAGS)
        )
        try:
            yield started
        finally:
            started.close()


@contextmanager
def signed_in(browser: Browser, service: Installation) -> Iterator[BrowserContext]:
    """A browser profile with an empty cache and a session."""
    made = browser.new_context(base_url=service.url, viewport={"width": 1280, "height": 900})
    made.set_default_timeout(PATIENCE_MS)
    made.request.post(
        "/sign-in",
        form={"key": service.key, "next": "/runs", "can_write": "yes"},
        headers={"Origin": service.url},
        max_redirects=0,
    )
    try:
        yield made
    finally:
        made.close()


def until(page: Page, expression: str) -> float:
    """Waits until an expression is true; returns the page's clock then, in seconds."""
    page.wait_for_function(f"() => {expression}", polling=10)
    return cast("float", page.evaluate("performance.now()")) / 1e3


def content_s(page: Page) -> float:
    """Waits until the content of a page is parsed and some of it painted; returns when that was.

    In seconds since the navigation.
    """
    # the browser reports a frame some time after it has painted it
    page.wait_for_function("() => performance.getEntriesByName('first-contentful-paint').length")
    found = page.evaluate(
        """() => Math.max(
          performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd,
          performance.getEntriesByName("first-contentful-paint")[0].startTime)"""
    )
    return float(found) / 1e3


def mark_s(page: Page, name: str) -> float:
    """Waits for a mark of the page's scripts; returns its time since the navigation, in seconds."""
    page.wait_for_function("(name) => performance.getEntriesByName(name).length", arg=name)
    found = page.evaluate("(name) => performance.getEntriesByName(name)[0].startTime", name)
    return float(found) / 1e3


class MainThread:
    """What the main thread of a page does, by the browser's own counters."""

    def __init__(self, page: Page) -> None:
        self._session: CDPSession = page.context.new_cdp_session(page)
        self._session.send("Performance.enable")

    def busy_s(self) -> float:
        found = self._session.send("Performance.getMetrics")["metrics"]
        return next(float(one["value"]) for one in found if one["name"] == "TaskDuration")


def browser_process() -> int:
    """Returns the id of the first process of the browser that this process started."""
    return below(os.getpid(), "chrom")
