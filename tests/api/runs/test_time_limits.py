"""Every way to start a run goes by the time limits of the installation."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from app.main import create_app
from tests.api.conftest import Clinic, post_run, serving, spec
from tests.api.runs.test_runs import check_problem

DEFAULT_S, MAX_S = 60.0, 100.0


@pytest.fixture(scope="module")
def limited(clinic: Clinic) -> Iterator[httpx.Client]:
    """A client of the installation under time limits."""
    limits = {"default_time_limit_s": DEFAULT_S, "max_time_limit_s": MAX_S}
    settings = clinic.settings.model_copy(update=limits)
    headers = {"Authorization": f"Bearer {clinic.key}"}
    with (
        serving(create_app(settings)) as url,
        httpx.Client(base_url=url, headers=headers, timeout=20) as client,
    ):
        yield client


def too_long(answer: httpx.Response) -> str:
    """The pointer of the refusal."""
    problem = check_problem(answer)
    [error] = problem["errors"]
    assert (answer.status_code, error["code"]) == (422, "time_limit_too_long")
    assert "100 s" in error["detail"]
    return str(error["pointer"])


def asking(seconds: float | None) -> dict[str, object]:
    return spec(training={"num_steps": 3, "time_limit_s": seconds})


@pytest.mark.parametrize(("asked_s", "limit_s"), [(None, DEFAULT_S), (5.0, 5.0), (MAX_S, MAX_S)])
def test_null_takes_the_default(
    limited: httpx.Client, asked_s: float | None, limit_s: float
) -> None:
    run = limited.post("/v1/runs", json=asking(asked_s)).json()
    tried = limited.post("/v1/runs?dry_run=true", json=asking(asked_s)).json()

    assert run["spec"]["training"]["time_limit_s"] == limit_s
    assert tried["spec"]["training"]["time_limit_s"] == limit_s


Post = Callable[[httpx.Client, dict[str, Any]], httpx.Response]


@pytest.mark.parametrize(
    ("post", "pointer"),
    [
        (lambda client, body: client.post("/v1/runs", json=body), ""),
        (lambda client, body: client.post("/v1/runs?dry_run=true", json=body), ""),
        (lambda client, body: client.post("/v1/preflight?wait_s=0", json=body), ""),
        (
            lambda client, body: client.post(
                "/v1/preflight/compare?wait_s=0",
                json={"spec": spec(), "patches": [{"training": body["training"]}]},
            ),
            "/patches/0",
        ),
    ],
    ids=["run", "dry run", "preflight", "comparison"],
)
def test_a_limit_above_the_largest_is_refused_with_the_largest(
    limited: httpx.Client, post: Post, pointer: str
) -> None:
    answer = post(limited, asking(MAX_S + 1))

    assert too_long(answer) == f"{pointer}/training/time_limit_s"


def test_neither_a_fork_nor_a_resumed_run_is_longer(limited: httpx.Client) -> None:
    run = post_run(limited)
    limited.post(run["links"]["cancel"])
    path = run["links"]["self"]
    patch = {"training": {"time_limit_s": MAX_S + 1}}

    fork = limited.post(f"{path}/fork", json={"from_step": 0, "patch": patch})
    resumed = limited.post(f"{path}/resume", json={"time_limit_s": MAX_S + 1})

    assert too_long(fork) == "/patch/training/time_limit_s"
    assert too_long(resumed) == "/time_limit_s"


def test_a_run_without_a_limit_gets_one_when_it_is_resumed_or_forked(
    client: httpx.Client, limited: httpx.Client
) -> None:
    run = post_run(client)
    client.post(run["links"]["cancel"])
    path = run["links"]["self"]

    fork = limited.post(f"{path}/fork", json={"from_step": 0}).json()
    resumed = limited.post(f"{path}/resume", json={}).json()

    assert run["spec"]["training"]["time_limit_s"] is None
    assert fork["spec"]["training"]["time_limit_s"] == DEFAULT_S
    assert resumed["spec"]["training"]["time_limit_s"] == DEFAULT_S
