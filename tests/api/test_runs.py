"""Runs over HTTP, on the real database and the real broker."""

import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import redis

from app.domain.runs import RunStatus, StopReason
from app.services.begin_run import begin_run
from app.services.claim_run import claim_run
from app.services.finish_run import finish_run
from tests.api.conftest import Clinic, serving, spec

RUN_FIELDS = {
    *("id", "name", "tags", "notes", "status", "stop_reason", "completed_as_asked", "error"),
    *("spec", "attempt", "parent", "created_at", "started_at", "ended_at", "progress", "metrics"),
    *("best", "baseline", "skill", "device", "diagnosis", "links", "waiting_for"),
}


def post(client: httpx.Client, **parts: object) -> dict[str, Any]:
    answer = client.post("/v1/runs", json=spec(**parts))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_submitted_run_is_queued_with_its_completed_spec(client: httpx.Client) -> None:
    answer = client.post("/v1/runs", json=spec(name="first", tags=["a"]))

    run = answer.json()
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/v1/runs/{run['id']}"
    assert set(run) >= RUN_FIELDS
    assert (run["status"], run["name"], run["tags"]) == ("queued", "first", ["a"])
    assert run["spec"]["optimizer"]["learning_rate"] == 0.001
    assert run["progress"] == {
        "step": 0,
        "num_steps": 3,
        "steps_per_second": None,
        "eta_s": None,
    }
    assert run["diagnosis"] == {"verdict": None, "codes": [], "final": False}
    assert client.get(answer.headers["Location"]).json() == run
