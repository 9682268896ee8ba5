"""Limits of requests over HTTP: announced, fair, and not to be got round."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from app.api.protocol.limits import network_of
from tests.api.conftest import Clinic, post_run, serving, spec
from tests.api.runs.test_runs import check_problem

ClinicWith = Callable[..., Clinic]


@pytest.fixture
def limited(clinic_with: ClinicWith) -> Iterator[Callable[..., Any]]:
    """The address of the API under other limits, and clients of it."""
    servers = []

    def serve(**limits: object) -> Clinic:
        varied = clinic_with(**limits)
        server = serving(varied.app)
        servers.append(server)
        url = server.__enter__()
        return Clinic(
            app=varied.app,
            engine=varied.engine,
            settings=varied.settings,
            url=url,
            key=varied.key,
            other_key=varied.other_key,
        )

    yield serve
    for server in servers:
        server.__exit__(None, None, None)


def statuses(client: httpx.Client, number: int, **headers: str) -> list[int]:
    return [client.get("/v1/catalog", headers=headers).status_code for _ in range(number)]


def test_an_answer_tells_the_limits_that_it_counts_for(client: httpx.Client) -> None:
    client.get("/v1/catalog")
    answer = client.get("/v1/catalog")

    names = re.findall(r'"(\w+)";q=(\d+);w=10', answer.headers["RateLimit-Policy"])
    assert names == [("key", "2000"), ("workspace", "4000"), ("address", "4000")]
    assert re.findall(r'"(\w+)";r=\d+;t=\d+', answer.headers["RateLimit"]) == [
        "key",
        "workspace",
        "address",
    ]


def test_an_answer_that_tells_a_quota_tells_that_alone(client: httpx.Client) -> None:
    answer = client.post("/v1/runs", json=spec())

    assert answer.headers["RateLimit-Policy"] == '"queued-runs";q=1000'
    client.delete(answer.headers["Location"])


def test_too_many_requests_of_a_key_are_refused_and_those_of_another_are_not(
    limited: Callable[..., Clinic],
) -> None:
    clinic = limited(requests_per_s=0.5, anonymous_requests_per_s=1000.0)
    with clinic.client() as client, clinic.client(clinic.other_key) as other:
        found = statuses(client, 8)
        refused = client.get("/v1/catalog")
        others = statuses(other, 5)

    # the first request is not yet known to be this key's
    assert found == [200] * 6 + [429] * 2
    assert check_problem(refused)["code"] == "too_many_requests"
    assert refused.headers["RateLimit-Policy"] == '"key";q=5;w=10'
    assert re.fullmatch(r'"key";r=0;t=[12]', refused.headers["RateLimit"])
    assert 1 <= int(refused.headers["Retry-After"]) <= 2
    assert others == [200] * 5


def test_more_keys_are_not_many_times_more_requests(limited: Callable[..., Clinic]) -> None:
    clinic = limited(requests_per_s=0.5, anonymous_requests_per_s=1000.0)
    keys = [clinic.new_key("runs:read") for _ in range(5)]
    num_allowed = 0
    for key in keys:
        with clinic.client(key) as client:
            num_allowed += statuses(client, 7).count(200)

    # twice what one key may, less what making them took, and the first one of each key
    assert num_allowed <= 10 + len(keys)


def test_requests_without_a_valid_key_count_for_their_address(
    limited: Callable[..., Clinic],
) -> None:
    clinic = limited(anonymous_requests_per_s=0.5)
    with httpx.Client(base_url=clinic.url) as stranger, clinic.client() as owner:
        owner.get("/v1/catalog")
        keys = [f"Bearer gc_{number:043}" for number in range(8)]
        found = [
            stranger.get("/v1/catalog", headers={"Authorization": key}).status_code for key in keys
        ]
        free = stranger.get("/healthz").status_code
        known = statuses(owner, 5)

    assert found == [401] * 4 + [429] * 4
    assert free == 200
    assert known == [200] * 5


def test_addresses_that_a_client_makes_up_do_not_help_it(limited: Callable[..., Clinic]) -> None:
    clinic = limited(anonymous_requests_per_s=0.5)
    with httpx.Client(base_url=clinic.url) as stranger:
        found = [
            stranger.get("/docs", headers={"X-Forwarded-For": f"203.0.113.{n}"}).status_code
            for n in range(8)
        ]

    assert found.count(429) == 3


def test_a_trusted_proxy_tells_the_client_s_address(limited: Callable[..., Clinic]) -> None:
    clinic = limited(anonymous_requests_per_s=0.5, trusted_proxies=("127.0.0.0/8",))
    with httpx.Client(base_url=clinic.url) as proxy:
        addresses = [{"X-Forwarded-For": f"198.51.100.7, 203.0.113.{n}"} for n in range(8)]
        found = [proxy.get("/docs", headers=one).status_code for one in addresses]
        again = [proxy.get("/docs", headers=addresses[0]).status_code for _ in range(8)]
        headers = {"X-Forwarded-For": "203.0.113.200", "Authorization": f"Bearer {clinic.key}"}
        run = proxy.post("/v1/runs", json=spec(), headers=headers).json()
        acts = proxy.get("/v1/audit?act=run_submitted", headers=headers).json()["items"]

    assert found == [200] * 8
    assert again == [200] * 4 + [429] * 4
    assert {act["subject_id"]: act["address"] for act in acts}[run["id"]] == "203.0.113.200"


def test_requests_of_one_key_beyond_its_turns_wait_and_are_answered(
    limited: Callable[..., Clinic],
) -> None:
    clinic = limited(requests_at_once=1)
    with clinic.client() as client, ThreadPoolExecutor(20) as pool:
        found = list(pool.map(lambda _: client.get("/v1/runs").status_code, range(60)))

    assert found == [200] * 60


def test_a_request_that_waits_for_a_run_takes_no_turn(limited: Callable[..., Clinic]) -> None:
    clinic = limited(requests_at_once=1)
    with clinic.client() as client, ThreadPoolExecutor(4) as pool:
        path = post_run(client)["links"]["self"]
        waits = [pool.submit(client.get, f"{path}?until=ended&wait_s=20") for _ in range(4)]
        meanwhile = statuses(client, 3)
        client.post(f"{path}/cancel")
        ended = [wait.result().json()["status"] for wait in waits]

    assert meanwhile == [200] * 3
    assert ended == ["cancelled"] * 4


def test_a_key_has_a_number_of_streams(limited: Callable[..., Clinic]) -> None:
    clinic = limited(streams_per_key=1)
    stream = {"Accept": "text/event-stream"}
    with clinic.client() as client, clinic.client(clinic.other_key) as other:
        path = f"{post_run(client)['links']['self']}/events"
        other_path = f"{post_run(other)['links']['self']}/events"
        with client.stream("GET", path, headers=stream) as first:
            texts = first.iter_text()  # the stream is closed when it is collected
            while "event: status" not in next(texts):
                pass
            with client.stream("GET", path, headers=stream) as second:
                if second.status_code != 200:
                    second.read()
            with other.stream("GET", other_path, headers=stream) as third:
                status = third.status_code

    assert (second.status_code, check_problem(second)["code"]) == (429, "overloaded")
    assert status == 200


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("x" * 100, "x" * 64),
    ],
)
def test_an_ipv6_network_counts_as_one_address(host: str, expected: str) -> None:
    assert network_of({"type": "http", "client": (host, 1)}) == expected


def test_a_client_without_an_address_counts_as_one() -> None:
    assert network_of({"type": "http", "client": None}) == "unknown"
