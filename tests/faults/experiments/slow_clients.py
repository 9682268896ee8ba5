"""Clients that keep the API waiting, far more of them than it has descriptors for."""

import resource
import time
from random import Random

import httpx

from tests.faults.clinic import Clinic
from tests.faults.results import Figure, Result, judged, quantile, spread
from tests.faults.work import SMALL_SPECS
from tests.server.slow_clients import slow_clients

#: What the API promises to others meanwhile, at the 99th percentile.
GET_WITHIN_S = 0.15
#: From the moment at which the slow clients have gone.
RECOVER_WITHIN_S = 1.0
#: What their connections may add to the API's log.
MAX_LOG_BYTES = 4096
#: Between two GETs, as of a person who looks at a page.
PAUSE_S = 0.01


def _time_gets(clinic: Clinic, path: str, *, num_gets: int) -> tuple[list[float], int]:
    """Seconds of each GET, alternately over a kept and over a new connection; how many failed."""
    seconds, num_failed = [], 0
    headers = dict(clinic.api.http.headers)
    for number in range(num_gets):
        began = time.monotonic()
        try:
            if number % 2:
                answer = clinic.api.http.get(path)
            else:
                answer = httpx.get(clinic.api.http.base_url.join(path), headers=headers, timeout=10)
            num_failed += answer.status_code != httpx.codes.OK
        except httpx.TransportError:
            num_failed += 1
        seconds.append(time.monotonic() - began)
        time.sleep(PAUSE_S)
    return seconds, num_failed


def keep_the_api_waiting(
    clinic: Clinic, _random: Random, *, num_clients: int, max_descriptors: int, num_gets: int
) -> Result:
    """Others are served in time meanwhile and at once afterwards, and the log does not grow."""
    api = clinic.open_api()
    assert api.pid is not None
    resource.prlimit(api.pid, resource.RLIMIT_NOFILE, (max_descriptors, max_descriptors))
    path = f"/v1/runs/{clinic.runs.submit(SMALL_SPECS[0])}"
    log = clinic.home / "logs" / "api.log"
    log_bytes = log.stat().st_size
    before, failed_before = _time_gets(clinic, path, num_gets=num_gets)
    port = clinic.api.http.base_url.port
    assert port is not None
    with slow_clients(port, num_clients) as connected:
        meanwhile, failed = _time_gets(clinic, path, num_gets=num_gets)
    gone_at = time.monotonic()
    [after, *_], failed_after = _time_gets(clinic, path, num_gets=2)
    recovery_s = time.monotonic() - gone_at
    grown = log.stat().st_size - log_bytes
    checks = {
        "a GET took longer than promised": quantile(meanwhile, 0.99) <= GET_WITHIN_S,
        "GETs failed": failed_before == failed == failed_after == 0,
        "the API did not recover": recovery_s <= RECOVER_WITHIN_S,
        "the log grew": grown <= MAX_LOG_BYTES,
    }
    figures: dict[str, Figure] = {
        "slow clients": num_clients,
        "connections that they opened": connected[-1],
        "descriptors of the API": max_descriptors,
        "s for a GET of a run, undisturbed": spread(before),
        "s for a GET of a run, meanwhile": spread(meanwhile),
        "s for the first GET afterwards": round(after, 3),
        "GETs that failed": failed_before + failed + failed_after,
        "bytes that the log grew by": grown,
    }
    return judged(checks, figures)
