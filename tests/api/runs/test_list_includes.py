"""A list of runs with small curves and verdicts in words, in one request."""

import httpx
import numpy as np

from tests.api.conftest import Clinic, post_run
from tests.api.measured import batch_of, record, started_run


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


def test_a_list_says_verdicts_in_words_where_asked(client: httpx.Client) -> None:
    run_id = post_run(client, tags=["worded"])["id"]

    plain = client.get("/v1/runs?tag=worded").json()["items"][0]
    worded = client.get("/v1/runs?tag=worded&include=verdict").json()["items"][0]

    assert plain["sparklines"] is None
    assert (worded["id"], worded["diagnosis"]["summary"]) == (run_id, None)
    assert client.get("/v1/runs?include=everything").status_code == 422
