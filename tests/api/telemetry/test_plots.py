"""Pictures of a run by their address."""

import time

import httpx
import pytest

from tests.api.conftest import Clinic, spec


@pytest.fixture(scope="module")
def run_id(clinic: Clinic) -> str:
    with clinic.client() as client:
        return str(client.post("/v1/runs", json=spec(name="pictured <b>")).json()["id"])


@pytest.mark.parametrize("form", ["svg", "png"])
@pytest.mark.parametrize(
    "chart", ["overview", "gradient-flow", "loss", "norms", "gates", "spectrum"]
)
def test_every_chart_is_drawn_before_anything_was_measured(
    client: httpx.Client, run_id: str, chart: str, form: str
) -> None:
    answer = client.get(f"/v1/runs/{run_id}/plots/{chart}.{form}?theme=dark&width=300")

    assert answer.status_code == httpx.codes.OK
    assert answer.headers["Content-Type"].startswith(f"image/{form}")
    assert answer.headers["Content-Security-Policy"]


def test_a_picture_that_did_not_change_is_not_sent_again(client: httpx.Client, run_id: str) -> None:
    path = f"/v1/runs/{run_id}/plots/loss.svg"
    first = client.get(path)
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})

    assert again.status_code == httpx.codes.NOT_MODIFIED


def test_a_picture_is_kept_for_the_next_who_asks(client: httpx.Client, run_id: str) -> None:
    path = f"/v1/runs/{run_id}/plots/overview.png"
    started = time.perf_counter()
    first = client.get(path)
    drawn_s = time.perf_counter() - started
    started = time.perf_counter()
    second = client.get(path)
    kept_s = time.perf_counter() - started

    assert first.content == second.content
    assert kept_s < drawn_s / 2


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("loss.gif", 422),
        ("lost.svg", 422),
        ("loss.svg?width=100000", 422),
        ("loss.svg?theme=pink", 422),
        ("loss.svg?wide=1", 422),
    ],
)
def test_a_wrong_picture_is_refused(
    client: httpx.Client, run_id: str, path: str, status: int
) -> None:
    assert client.get(f"/v1/runs/{run_id}/plots/{path}").status_code == status


def test_the_pictures_of_others_are_not_there(clinic: Clinic, run_id: str) -> None:
    with clinic.client(clinic.other_key) as other:
        answer = other.get(f"/v1/runs/{run_id}/plots/loss.svg")

    assert answer.status_code == httpx.codes.NOT_FOUND
