"""How soon pages show their content, and what drawing costs."""

import gzip
import urllib.request
from collections.abc import Callable
from statistics import median

from playwright.sync_api import Browser, BrowserContext, Page

from bench.dashboard.browsing import MainThread, browser_process, content_s, mark_s, signed_in
from bench.dashboard.data import NUM_LAGS, NUM_PROBES
from bench.dashboard.processes import cpu_s
from bench.dashboard.results import Result
from bench.dashboard.server import Installation
from bench.dashboard.timing import timed

#: Loads of a page, each with an empty cache; the best of them is reported.
NUM_LOADS = 5
NUM_FRAMES = 40
_LIST = "/v1/runs?limit=50&include=sparklines&include=verdict"


def measure_api_list(service: Installation) -> list[Result]:
    """One request for a page of fifty rows: first, as a client reads it again, and its size."""

    def ask() -> bytes:
        request = urllib.request.Request(  # noqa: S310 - an address of this machine
            service.url + _LIST,
            headers={"Authorization": f"Bearer {service.key}", "Accept-Encoding": "gzip"},
        )
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - as above
            body: bytes = answer.read()
            return body

    first_s = timed(ask)
    before_s = cpu_s(service.api) + cpu_s(service.database)
    times_s = [timed(ask) for _ in range(15)]
    spent_s = (cpu_s(service.api) + cpu_s(service.database) - before_s) / len(times_s)
    body = ask()
    return [
        Result("50 rows: first request", 1e3 * first_s, "ms"),
        Result("50 rows: one request", 1e3 * min(times_s), "ms", 40),
        Result("50 rows: one request, median", 1e3 * median(times_s), "ms"),
        Result("50 rows: processor time", 1e3 * spent_s, "ms"),
        Result("50 rows: compressed", len(body) / 1e3, "kB", 30),
        Result("50 rows: uncompressed", len(gzip.decompress(body)) / 1e3, "kB"),
    ]


def measure_run_list(service: Installation, browser: Browser) -> list[Result]:
    """The page of runs, of which there are ten thousand."""

    def load(context: BrowserContext) -> float:
        page = context.new_page()
        page.goto("/runs")
        assert page.locator("tbody tr").count() == 50  # noqa: S101 - else nothing was measured
        return content_s(page)

    cold_s, spent_s = _loads(service, browser, load)
    return [
        Result("runs page: processor time, all processes", spent_s, "s"),
        Result("runs page: first load of all", cold_s[0], "s"),
        Result("runs page: to content", min(cold_s), "s", 0.6),
        Result("runs page: to content, median", median(cold_s), "s"),
    ]


def measure_run_page(service: Installation, browser: Browser) -> list[Result]:
    """The page of a run of a million steps: its text, and until all charts are drawn."""
    texts_s: list[float] = []

    def load(context: BrowserContext) -> float:
        page = context.new_page()
        page.goto(f"/runs/{service.data.long_run}")
        texts_s.append(content_s(page))
        return mark_s(page, "charts drawn")

    drawn_s, spent_s = _loads(service, browser, load)
    return [
        Result("run page: processor time, all processes", spent_s, "s"),
        Result("run page: first load of all", drawn_s[0], "s"),
        Result("run page: to its text", min(texts_s), "s"),
        Result("run page: all charts drawn", min(drawn_s), "s", 1.0),
        Result("run page: all charts drawn, median", median(drawn_s), "s"),
    ]


def _loads(
    service: Installation, browser: Browser, load: Callable[[BrowserContext], float]
) -> tuple[list[float], float]:
    """Returns the seconds of each load, and the least processor time of one.

    Other work on the machine makes a load slow, and its processor time by far less so.
    """
    found, spent = [], []
    processes = (browser_process(), service.api, service.database)
    for _ in range(NUM_LOADS):
        with signed_in(browser, service) as context:
            before_s = sum(map(cpu_s, processes))
            found.append(load(context))
            spent.append(sum(map(cpu_s, processes)) - before_s)
    return found, min(spent)


_DRAW = """async ([folder, probes, lags]) => {
  const { HeatMap } = await import(folder + "heat_map.js");
  const { flowOf } = await import(folder + "heat_map_image.js");
  const { RangeGroup } = await import(folder + "range_group.js");
  const each = (value) => new Array(probes).fill(value);
  const cells = Uint16Array.from({ length: probes * lags }, (_, i) => 65535 - (i % lags) * 60);
  const bytes = new Uint8Array(cells.buffer);
  let text = "";
  for (let i = 0; i < bytes.length; i += 4096) {
    text += String.fromCharCode(...bytes.subarray(i, i + 4096));
  }
  const answer = {
    scope: "model", path: "total", scopes: [],
    steps: Array.from({ length: probes }, (_, i) => 2000 * i),
    lags: Array.from({ length: lags }, (_, i) => i),
    low: -20, high: 0, cells: btoa(text), gradient_horizon: each(90), horizon_low: each(80),
    horizon_high: each(95), censored: each(false), threshold: each(0.01),
    ratio_at_required_lag: each(0.1),
  };
  const place = document.createElement("div");
  document.querySelector("main").prepend(place);
  const map = new HeatMap(place, new RangeGroup(() => undefined), () => undefined);
  const painted = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  await painted();
  const times = [];
  for (let i = 0; i < 7; i++) {
    const began = performance.now();
    map.show(flowOf(answer), 90);
    await painted();
    times.push(performance.now() - began);
  }
  place.remove();
  return times;
}"""


def measure_heat_map(service: Installation, browser: Browser) -> list[Result]:
    """A heat map from its numbers to the painted frame."""
    with signed_in(browser, service) as context:
        page = context.new_page()
        page.goto(f"/runs/{service.data.long_run}")
        mark_s(page, "charts drawn")
        script = page.locator("script[src*='run.js']").get_attribute("src") or ""
        folder = script.removesuffix("run.js")
        times_ms = page.evaluate(_DRAW, [folder, NUM_PROBES, NUM_LAGS])
    return [
        Result("heat map: first draw", times_ms[0], "ms"),
        Result("heat map: draw", min(times_ms), "ms", 150),
        Result("heat map: draw, median", median(times_ms), "ms"),
    ]


_FRAMES = """() => { window.frames_drawn = 0;
  const count = () => { window.frames_drawn++; requestAnimationFrame(count); };
  requestAnimationFrame(count); }"""


def measure_zoom(service: Installation, browser: Browser) -> list[Result]:
    """The wheel over charts of the long run, and dragging them, frame by frame."""
    with signed_in(browser, service) as context:
        page = context.new_page()
        page.goto(f"/runs/{service.data.long_run}")
        mark_s(page, "charts drawn")
        page.evaluate(_FRAMES)
        thread = MainThread(page)
        idle_s = _frames(page, thread, lambda _: None)
        found = [Result("idle: main thread a frame", 1e3 * idle_s, "ms")]
        for name in ("loss", "flow"):
            zoom_s, pan_s = _zoom_and_pan(page, thread, name)
            found += [
                Result(f"{name}: zoom, main thread a frame", 1e3 * zoom_s, "ms", 20),
                Result(f"{name}: pan, main thread a frame", 1e3 * pan_s, "ms", 20),
            ]
    return found


def _zoom_and_pan(page: Page, thread: MainThread, name: str) -> tuple[float, float]:
    chart = page.locator(f"[data-chart='{name}']")
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    assert box is not None  # noqa: S101 - it is visible
    x, y = box["x"] + 0.6 * box["width"], box["y"] + 100
    page.mouse.move(x, y)
    page.keyboard.down("Control")
    zoom_s = _frames(page, thread, lambda i: page.mouse.wheel(0, -40 if i % 40 < 20 else 40))
    page.mouse.wheel(0, -600)
    page.keyboard.up("Control")
    page.wait_for_timeout(1000)
    page.keyboard.down("Shift")
    page.mouse.down()
    pan_s = _frames(page, thread, lambda i: page.mouse.move(x + 5 * (i % 20), y))
    page.mouse.up()
    page.keyboard.up("Shift")
    page.mouse.dblclick(x, y)
    page.wait_for_timeout(1000)
    return zoom_s, pan_s


def _frames(page: Page, thread: MainThread, act: Callable[[int], object]) -> float:
    """Returns the main thread's busy seconds for each frame, the least of three rounds."""
    rounds = []
    for _ in range(3):
        before_s, before = thread.busy_s(), page.evaluate("window.frames_drawn")
        for i in range(NUM_FRAMES):
            act(i)
            page.evaluate("() => new Promise(requestAnimationFrame)")
        frames = int(page.evaluate("window.frames_drawn")) - int(before)
        rounds.append((thread.busy_s() - before_s) / max(1, frames))
    return min(rounds)
