"""Uploads of almost the largest size, while others upload little and read."""

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from random import Random
from uuid import uuid4

import httpx

from tests.api.installation import new_workspace
from tests.api.polling import polling
from tests.faults.clinic import Clinic
from tests.faults.results import Figure, Result, judged, spread
from tests.faults.work import SMALL_SPECS
from tests.processes import resident_bytes

MIB = 2**20
SMALL = b"a\n" + b"1\n" * 49
MAX_SMALL_S = 3.0
MAX_GET_S = 0.3
#: A check may use 600 s of CPU time.
ANSWER_WITHIN_S = 900.0

#: From a size in MiB to the content and its kind.
Content = Callable[[int], tuple[bytes, str]]


def short_words(size_mib: int) -> tuple[bytes, str]:
    """A text of short words."""
    line = b"ab cd\n"
    return line * (size_mib * MIB // len(line)), "text"


def narrow_rows(size_mib: int) -> tuple[bytes, str]:
    """A CSV of as many rows as the size holds, which cost more than longer ones."""
    line = b"1,2\n"
    return b"a,b\n" + line * (size_mib * MIB // len(line) - 1), "csv"


def wide_rows(size_mib: int) -> tuple[bytes, str]:
    """A CSV of ten columns of decimals, as instruments write them."""
    line = b",".join([b"315.7100"] * 10) + b"\n"
    head = b",".join(b"%c" % (97 + number) for number in range(10)) + b"\n"
    return head + line * (size_mib * MIB // len(line) - 1), "csv"


def upload_much(
    clinic: Clinic, _random: Random, *, contents: tuple[Content, ...], size_mib: int
) -> Result:
    """Each is stored, one after the other, and neither uploads nor GETs of others wait for it."""
    api = clinic.api
    other_key = new_workspace(clinic.runs.engine, "uploads little")
    path = f"/v1/runs/{clinic.runs.submit(SMALL_SPECS[0])}"
    key = api.http.headers["Authorization"].removeprefix("Bearer ")
    statuses: Counter[int] = Counter()
    large_s: dict[str, float] = {}
    small: list[tuple[int, float]] = []
    with clinic.direct_api(), ThreadPoolExecutor(1) as pool:
        assert api.pid is not None
        # the first check starts the process that carries it out
        _upload(clinic, other_key, (SMALL, "csv"))
        before = resident_bytes(api.pid)
        with polling(str(api.http.base_url.join(path)), key=key) as polled:
            for content in contents:
                call = pool.submit(_upload, clinic, key, content(size_mib))
                small += _upload_meanwhile(clinic, other_key, call)
                status, large_s[content.__name__.replace("_", " ")] = call.result()
                statuses[status] += 1
        growth_mib = (resident_bytes(api.pid) - before) / MIB
    small_s = [seconds for _, seconds in small]
    checks = {
        f"large uploads were answered {dict(statuses)}": set(statuses) == {201},
        "small uploads failed": {status for status, _ in small} == {201},
        "small uploads waited": max(small_s) <= MAX_SMALL_S,
        "GETs waited": polled.longest_s <= MAX_GET_S,
        "nobody read": polled.num_requests >= 1,
    }
    figures: dict[str, Figure] = {
        "MiB of each large upload": size_mib,
        **{f"s for the upload of {name}": round(taken, 1) for name, taken in large_s.items()},
        "large uploads answered 201": statuses[201],
        "s for a small upload of another workspace, meanwhile": spread(small_s),
        "GETs of a run, meanwhile": polled.num_requests,
        "ms for the longest GET of a run, meanwhile": round(1000 * polled.longest_s, 1),
        "MiB that the API kept": round(growth_mib, 1),
    }
    return judged(checks, figures)


def _upload(clinic: Clinic, key: str, content: tuple[bytes, str]) -> tuple[int, float]:
    """Status and seconds."""
    body, kind = content
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": uuid4().hex}
    url = clinic.api.http.base_url.join(f"/v1/datasets?name=a&kind={kind}")
    asked_at_s = time.perf_counter()
    answer = httpx.post(url, content=body, headers=headers, timeout=ANSWER_WITHIN_S)
    return answer.status_code, time.perf_counter() - asked_at_s


def _upload_meanwhile(
    clinic: Clinic, key: str, call: Future[tuple[int, float]]
) -> list[tuple[int, float]]:
    """Status and seconds of one small upload after the other, until the call is answered."""
    found: list[tuple[int, float]] = []
    while not found or not call.done():
        found.append(_upload(clinic, key, (SMALL, "csv")))
    return found
