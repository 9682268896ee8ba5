"""The pages as people meet them: the real server, and Debian's Chromium."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    expect,
    sync_playwright,
)

from tests.api.conftest import Clinic, api_settings, clinic

__all__ = ["api_settings", "clinic"]

#: Chromium asks its maker's hosts for nothing.
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE_MS = 20_000
#: The address of the page of a run.
RUN_PAGE = re.compile(r"/runs/[0-9a-f-]{36}$")
# by default an expectation waits for 5 s, which is short for a busy machine
expect.set_options(timeout=PATIENCE_MS)


@dataclass
class Watched:
    """A page, and what went wrong in it."""

    page: Page
    origin: str
    #: Errors and warnings of the console, refused loads, requests to other hosts.
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self._check(request.url))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def _check(self, url: str) -> None:
        if not url.startswith((self.origin, "data:", "blob:")):
            self.complaints.append(f"asked {url}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Fails where there is no Chromium, because what cannot be seen is not tested.

    Ends with its module: while it runs, Playwright's event loop is the thread's running one, and
    no later test of the process could use asyncio.
    """
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.fail("Chromium is missing: install Debian's package `chromium`")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=list(_FLAGS))
        yield started
        started.close()


@pytest.fixture
def context(browser: Browser, clinic: Clinic) -> Iterator[BrowserContext]:
    """A browser that has signed in and may change things."""
    made = browser.new_context(base_url=clinic.url, viewport={"width": 1280, "height": 900})
    made.set_default_timeout(PATIENCE_MS)
    sign_in(clinic, made, can_write=True)
    yield made
    made.close()


@pytest.fixture
def watched(context: BrowserContext, clinic: Clinic) -> Watched:
    return Watched(page=context.new_page(), origin=clinic.url)


def sign_in(clinic: Clinic, context: BrowserContext, *, can_write: bool, key: str = "") -> None:
    form: dict[str, str | float | bool] = {"key": key or clinic.key}
    form |= {"next": "/runs", "can_write": "yes" if can_write else ""}
    answer = context.request.post(
        "/sign-in", form=form, headers={"Origin": clinic.url}, max_redirects=0
    )
    assert answer.status == httpx.codes.SEE_OTHER
