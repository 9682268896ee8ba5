"""A list of runs with small curves and verdicts in words, in one request."""

import httpx
import numpy as np
from numpy.typing import NDArray

from tests.api.conftest import Clinic, post_run
from tests.api.measured import batch_of, record, started_run
from tests.databases import counted_statements


def tagged_run(
    clinic: Clinic, client: httpx.Client, tag: str, *, loss: NDArray[np.float32]
) -> None:
    run = started_run(clinic)
    record(clinic, run, seq=0, batch=batch_of(loss))
    client.patch(f"/v1/runs/{run.id}", json={"tags": [tag]}).raise_for_status()


def test_a_list_has_curves_that_keep_a_spike(clinic: Clinic, client: httpx.Client) -> None:
    loss = np.ones(3000, dtype=np.float32)
    loss[[1717, 2500]] = 1e9, np.nan
    run = started_run(clinic)
    record(clinic, run, seq=0, batch=batch_of(loss))

    items = client.get("/v1/runs?include=sparklines&limit=200").json()["items"]
    curve = next(one for one in items if one["id"] == str(run.id))["sparklines"]["loss"]

    assert len(curve["steps"]) <= 64
    assert dict(zip(curve["steps"], curve["values"], strict=True))[1717] == 1e9
    assert dict(zip(curve["steps"], curve["values"], strict=True))[2500] is None


def test_curves_follow_a_run(clinic: Clinic, client: httpx.Client) -> None:
    run = started_run(clinic)
    record(clinic, run, seq=0, batch=batch_of([1.0] * 10))
    path = "/v1/runs?include=sparklines&limit=200"
    client.get(path)

    record(clinic, run, seq=1, batch=batch_of([2.0] * 10, first_step=10))

    items = client.get(path).json()["items"]
    curve = next(one for one in items if one["id"] == str(run.id))["sparklines"]["loss"]
    assert curve["steps"][-1] == 19


def test_a_list_with_curves_takes_as_many_statements_for_many_runs_as_for_one(
    clinic: Clinic, client: httpx.Client
) -> None:
    def statements_of(number: int, tag: str) -> int:
        for _ in range(number):
            tagged_run(clinic, client, tag, loss=np.ones(2000, dtype=np.float32))
        with counted_statements(clinic.app.state.resources.engine) as counted:
            page = client.get(f"/v1/runs?tag={tag}&include=sparklines&include=verdict").json()
        assert [len(one["sparklines"]["loss"]["steps"]) for one in page["items"]] == [24] * number
        return len(counted)

    assert statements_of(12, "many") == statements_of(1, "one") <= 8


def test_fifty_rows_are_small(clinic: Clinic, client: httpx.Client) -> None:
    random = np.random.default_rng(0)
    for _ in range(50):
        tagged_run(clinic, client, "fifty", loss=random.lognormal(size=300).astype(np.float32))

    answer = client.get("/v1/runs?tag=fifty&include=sparklines&include=verdict&limit=50")

    assert len(answer.json()["items"]) == 50
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.num_bytes_downloaded <= 30_000


def test_a_list_says_verdicts_in_words_where_asked(client: httpx.Client) -> None:
    run_id = post_run(client, tags=["worded"])["id"]

    plain = client.get("/v1/runs?tag=worded").json()["items"][0]
    worded = client.get("/v1/runs?tag=worded&include=verdict").json()["items"][0]

    assert plain["sparklines"] is None
    assert (worded["id"], worded["diagnosis"]["summary"]) == (run_id, None)
    assert client.get("/v1/runs?include=everything").status_code == 422
