"""How long pictures take: drawn, from the cache, and unchanged."""

import time
import urllib.error
import urllib.request
from statistics import median

from bench.dashboard.processes import cpu_s
from bench.dashboard.results import Result
from bench.dashboard.server import Installation

_CHARTS = ("overview", "gradient-flow", "loss", "norms", "spectrum")


def measure_pictures(service: Installation) -> list[Result]:
    """PNGs of the long run. Each width is a picture of its own."""
    base = f"{service.url}/v1/runs/{service.data.long_run}/plots"
    first_s, _ = _ask(service, f"{base}/loss.png?width=400")
    results = [Result("png: the first after the start", 1e3 * first_s, "ms")]
    for chart in _CHARTS:
        urls = [f"{base}/{chart}.png?width={width}" for width in (800, 810, 820, 830)]
        before_s = cpu_s(service.api) + cpu_s(service.database)
        cold_s = [_ask(service, url)[0] for url in urls]
        spent_s = (cpu_s(service.api) + cpu_s(service.database) - before_s) / len(urls)
        kept_s = [_ask(service, urls[0])[0] for _ in range(15)]
        results += [
            Result(f"png {chart}: cold", 1e3 * min(cold_s), "ms", 300),
            Result(f"png {chart}: cold, median", 1e3 * median(cold_s), "ms"),
            Result(f"png {chart}: cold, processor time", 1e3 * spent_s, "ms"),
            Result(f"png {chart}: kept", 1e3 * min(kept_s), "ms", 8),
            Result(f"png {chart}: kept, median", 1e3 * median(kept_s), "ms"),
        ]
    _, etag = _ask(service, f"{base}/overview.png?width=800")
    same_s = [_ask(service, f"{base}/overview.png?width=800", etag)[0] for _ in range(15)]
    report = f"{service.url}/v1/runs/{service.data.long_run}/report.html"
    report_s = [_ask(service, report)[0] for _ in range(4)]
    return [
        *results,
        Result("png overview: 304", 1e3 * min(same_s), "ms", 8),
        Result("report: first", 1e3 * report_s[0], "ms"),
        Result("report: again", 1e3 * min(report_s[1:]), "ms"),
    ]


def _ask(service: Installation, url: str, etag: str = "") -> tuple[float, str]:
    headers = {"Authorization": f"Bearer {service.key}", "If-None-Match": etag or "none"}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - of this machine
    began = time.perf_counter()
    try:
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - as above
            answer.read()
            found = answer.headers["ETag"]
    except urllib.error.HTTPError as error:
        if error.code != 304:
            raise
        found = etag
    return time.perf_counter() - began, found or ""
