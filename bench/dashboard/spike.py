"""Whether a spike of one step in a million is seen in every form."""

import json
import re
import urllib.request
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page

from bench.dashboard.browsing import mark_s, signed_in
from bench.dashboard.data import NUM_STEPS, SPIKE_STEP
from bench.dashboard.results import Result
from bench.dashboard.server import Installation

#: Steps that the page shows at each zoom.
ZOOMS = (1_000_000, 300_000, 100_000, 30_000, 3_000, 300, 30)


def measure_spike(service: Installation, browser: Browser) -> list[Result]:
    """1 where the spike is there: its step is named in a chart, or its column stands out."""
    run_id = service.data.long_run
    seen: dict[str, bool] = {}
    with signed_in(browser, service) as context:
        page = context.new_page()
        page.goto(f"/runs/{run_id}")
        mark_s(page, "charts drawn")
        for length in ZOOMS:
            seen[f"run page, {length} steps"] = _is_named(page, "loss", length)
        compared = context.new_page()
        other = _items(service, "/v1/runs?limit=2")[-1]["id"]
        compared.goto(f"/compare?run_id={run_id}&run_id={other}")
        mark_s(compared, "charts drawn")
        for length in (ZOOMS[0], ZOOMS[3], ZOOMS[5]):
            seen[f"compare page, {length} steps"] = _is_named(compared, "loss", length)
    listed = _items(service, "/v1/runs?q=a+million+steps&include=sparklines")[0]
    seen["sparkline"] = SPIKE_STEP in listed["sparklines"]["loss"]["steps"]
    base = f"/v1/runs/{run_id}"
    seen["plot, png"] = _stands_out(_bytes(service, f"{base}/plots/loss.png"))
    seen["plot, svg"] = _has_peak(_bytes(service, f"{base}/plots/loss.svg").decode())
    seen["report"] = _has_peak(_bytes(service, f"{base}/report.html").decode())
    return [Result(f"spike not seen: {name}", float(not was), "", 0) for name, was in seen.items()]


def _is_named(page: Page, chart: str, length: int) -> bool:
    """Whether the description of a zoomed chart names the spike as its highest step."""
    first = max(0, min(NUM_STEPS - length, SPIKE_STEP - length // 3))
    if length < NUM_STEPS:
        page.evaluate(f"location.hash = 'steps={first}-{first + length}'")
        page.wait_for_timeout(1500)
    plot = page.locator(f"[data-chart='{chart}'] [role=img]")
    named = rf"highest [^,]* at step {SPIKE_STEP}\b"
    return re.search(named, plot.get_attribute("aria-label") or "") is not None


def _stands_out(png: bytes) -> bool:
    """Whether one column of the curve's colour is far taller than all others."""
    pixels = np.asarray(Image.open(BytesIO(png)).convert("RGB")).astype(int)
    is_curve = np.abs(pixels - [0, 0x72, 0xB2]).sum(axis=2) < 60
    tops = np.where(is_curve.any(axis=0), is_curve.argmax(axis=0), pixels.shape[0])
    tops = tops[: int(0.8 * tops.size)]  # the legend is on the right
    return bool(np.sort(tops)[12] - tops.min() > 60)


def _has_peak(svg: str) -> bool:
    """Whether a path has a point far above all others."""
    for path in re.findall(r' d="([^"]{2000,})"', svg):
        heights = np.sort([float(pair.split()[1]) for pair in re.findall(r"[\d.]+ [\d.]+", path)])
        if heights.size > 100 and heights[3] - heights[0] > 20:
            return True
    return False


def _bytes(service: Installation, path: str) -> bytes:
    request = urllib.request.Request(  # noqa: S310 - an address of this machine
        service.url + path, headers={"Authorization": f"Bearer {service.key}"}
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - as above
        body: bytes = answer.read()
        return body


def _items(service: Installation, path: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = json.loads(_bytes(service, path))["items"]
    return items
