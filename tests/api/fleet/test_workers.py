"""Operators drain workers: a drained one is listed and claims nothing."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

from app.store.claims import claim_next_run
from app.store.database import unit_of_work
from tests.api.conftest import Clinic, post_run, spec
from tests.store.builders import CPU, LEASE_S, a_worker


@pytest.fixture
def worker_id(clinic: Clinic, no_worker: None) -> Iterator[UUID]:
    """The only worker, as far as the database knows."""
    with unit_of_work(clinic.app.state.resources.engine) as work:
        made = a_worker(work.session)
    yield made
    with clinic.engine.begin() as connection:
        connection.execute(text("DELETE FROM workers WHERE id = :id"), {"id": made})


def listed(client: httpx.Client) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = client.get("/v1/workers").json()["items"]
    return items


def claims(clinic: Clinic, worker_id: UUID) -> bool:
    with unit_of_work(clinic.app.state.resources.engine) as work:
        found = claim_next_run(work.session, worker_id=worker_id, devices=CPU, lease_s=LEASE_S)
    return found is not None


def test_a_drained_worker_claims_nothing_until_that_is_ended(
    clinic: Clinic, client: httpx.Client, worker_id: UUID
) -> None:
    run = post_run(client)
    path = f"/v1/workers/{worker_id}/drain"

    drained, again = client.post(path), client.post(path)
    has_claimed = claims(clinic, worker_id)
    waiting_for = client.get(run["links"]["self"]).json()["waiting_for"]
    [shown] = listed(client)
    ended = client.delete(path)

    assert (drained.status_code, ended.status_code) == (202, 200)
    assert shown["drain_requested_at"] == drained.json()["drain_requested_at"] is not None
    assert again.json()["drain_requested_at"] == drained.json()["drain_requested_at"]
    assert not has_claimed
    assert waiting_for == "a worker"
    assert ended.json()["drain_requested_at"] is None
    assert claims(clinic, worker_id)


def test_a_worker_shows_the_speed_that_it_measured(
    clinic: Clinic, client: httpx.Client, worker_id: UUID
) -> None:
    unmeasured = listed(client)[0]["slowness"]
    with clinic.engine.begin() as connection:
        connection.execute(
            text("UPDATE workers SET slowness = 1.75 WHERE id = :id"), {"id": worker_id}
        )

    [shown] = listed(client)

    assert (unmeasured, shown["slowness"]) == (None, 1.75)


#: About 238 GB: 20,000 timesteps of 65,536 sequences.
HUGE = {
    "model": {"kind": "elman", "hidden_size": 22},
    "dataset": {"kind": "adding", "length": 20_000},
    "training": {"num_steps": 10, "batch_size": 65_536},
}


@pytest.fixture
def small_worker(clinic: Clinic, no_worker: None) -> Iterator[UUID]:
    with unit_of_work(clinic.app.state.resources.engine) as work:
        made = a_worker(work.session, memory_bytes=[25 * 10**9])
    yield made
    with clinic.engine.begin() as connection:
        connection.execute(text("DELETE FROM workers WHERE id = :id"), {"id": made})


def test_a_spec_that_no_worker_can_hold_is_warned_of_and_its_run_waits_for_one(
    clinic: Clinic, client: httpx.Client, small_worker: UUID
) -> None:
    tried = client.post("/v1/runs?dry_run=true", json=spec(**HUGE)).json()
    run = post_run(client, **HUGE)
    fits = client.post("/v1/runs?dry_run=true", json=spec()).json()
    preflight = client.post("/v1/preflight?wait_s=0&mini_steps=5", json=spec(**HUGE)).json()
    quick = client.post("/v1/preflight?wait_s=0&mini_steps=0", json=spec(**HUGE)).json()
    while claims(clinic, small_worker):
        pass

    needs = tried["estimate"]["memory_bytes"] / 1e9
    assert needs > 200
    assert f"{needs:.3g} GB" in tried["warnings"][-1]
    assert not any("memory" in warning for warning in fits["warnings"])
    for waiting in (run, preflight):
        assert waiting["waiting_for"].startswith(f"a worker with {needs:.3g} GB of memory")
    assert quick["waiting_for"] == "a free worker"
    assert client.get(run["links"]["self"]).json()["status"] == "queued"
    assert listed(client)[0]["device_memory_bytes"] == [25 * 10**9]
    client.delete(run["links"]["self"])
    client.delete(preflight["links"]["self"])


def test_a_spec_of_many_days_is_warned_of(client: httpx.Client) -> None:
    long = {
        "model": {"kind": "lstm", "hidden_size": 1024},
        "dataset": {"kind": "adding", "length": 1000},
        "training": {"num_steps": 1_000_000, "batch_size": 64},
    }

    tried = client.post("/v1/runs?dry_run=true", json=spec(**long)).json()

    assert "days" in tried["warnings"][-1]


def test_only_operators_drain_and_only_living_workers(
    clinic: Clinic, client: httpx.Client, worker_id: UUID
) -> None:
    with clinic.client(clinic.other_key) as other:
        refused = other.post(f"/v1/workers/{worker_id}/drain")
    unknown = client.post(f"/v1/workers/{uuid4()}/drain")

    assert (refused.status_code, unknown.status_code) == (403, 404)
    assert listed(client)[0]["drain_requested_at"] is None


def test_draining_is_audited(client: httpx.Client, worker_id: UUID) -> None:
    client.post(f"/v1/workers/{worker_id}/drain")

    [act] = client.get("/v1/audit?act=worker_drained&limit=1").json()["items"]

    assert act["subject_id"] == str(worker_id)
