"""No transaction spans a computation: all stay short while every diagnosis takes seconds."""

import os
import signal
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.domain.runs import StopReason
from tests.faults.clinic import Clinic, open_clinic
from tests.faults.injecting import injected
from tests.faults.transactions import read_log, timed
from tests.worker.supervision.runs import ENDLESS, make_spec
from tests.workers import wait_until

#: How long each diagnosis takes at least. A transaction that spans one lasts longer.
DIAGNOSIS_S = 4.0
#: No transaction may last longer, on a machine with much else to do.
BUDGET_S = 2.0
#: Services that have to have run for the test to mean anything.
EXPECTED = {
    "finish_run.py",
    "rescue_run.py",
    "release_run.py",
    "sweep_runs.py",
    "run_records.py:diagnose",
    "record_batch.py",
    "read_diagnosis.py",
    "read_preflight.py",
    # of the API's routes that only read
    "deps.py:__call__",
}


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("transactions") / "log"


@pytest.fixture(scope="module")
def clinic(log: Path) -> Iterator[Clinic]:
    """Its processes record their transactions, and a run is not tried again after one crash."""
    changes = {
        **injected(log.with_name("order")),
        **timed(log, slow_diagnosis_s=DIAGNOSIS_S),
        "CLINIC_MAX_CRASHES": "1",
    }
    with open_clinic(log.with_name("home"), **changes) as opened:
        yield opened


def test_no_transaction_stays_open_while_a_run_is_judged(clinic: Clinic, log: Path) -> None:
    api = clinic.open_api().http
    clinic.group.of(2)

    completed = clinic.group.submit(make_spec())
    assert clinic.runs.wait_for_end(completed).stop_reason is StopReason.COMPLETED
    read_everything(api, str(completed))

    crashed = clinic.group.submit(make_spec(training=ENDLESS))
    clinic.runs.wait_for_step(crashed)
    [training] = clinic.group.busiest().training()
    os.kill(training, signal.SIGKILL)
    assert clinic.runs.wait_for_end(crashed).stop_reason is StopReason.CRASHED

    released = clinic.group.submit(make_spec(training=ENDLESS))
    clinic.runs.wait_for_step(released)
    leaving = clinic.group.busiest()
    leaving.send(signal.SIGTERM)
    assert leaving.child.process.wait(10) == 0, leaving.said
    clinic.runs.wait_for_step(released, attempt=2)
    # a running run is judged every few seconds
    wait_until(lambda: has_opened(log, "run_records.py:diagnose"), within_s=60)

    clinic.group.of(2)
    clinic.group.busiest().send(signal.SIGKILL)
    assert clinic.runs.wait_for_end(released).stop_reason is StopReason.LOST

    longest: dict[str, float] = defaultdict(float)
    for lasted in read_log(log):
        longest[lasted.opened_by] = max(longest[lasted.opened_by], lasted.seconds)
    assert {name for name in EXPECTED if not has_opened(log, name)} == set()
    assert {opener: s for opener, s in longest.items() if s > BUDGET_S} == {}


def has_opened(log: Path, name: str) -> bool:
    """Returns whether a transaction of that service has ended."""
    return any(name in lasted.opened_by for lasted in read_log(log))


def read_everything(api: httpx.Client, run_id: str) -> None:
    """Asks for all that the API computes of a run."""
    again = {"vanishing_gradient.max_ratio": "0.05"}
    assert api.get(f"/v1/runs/{run_id}/diagnosis", params=again).status_code == httpx.codes.OK
    for part in ("diagnosis", "history", "gradient-flow", "dynamics", "events", "artifacts"):
        assert api.get(f"/v1/runs/{run_id}/{part}").status_code == httpx.codes.OK
    body = make_spec().model_dump(mode="json")
    asked = {"mini_steps": "2", "wait_s": "60"}
    answer = api.post("/v1/preflight", json=body, params=asked, timeout=90)
    assert answer.status_code == httpx.codes.OK, answer.text
    patches = {"spec": body, "patches": [{"model": {"kind": "gru"}}]}
    answer = api.post("/v1/preflight/compare", json=patches, params=asked, timeout=90)
    assert answer.status_code == httpx.codes.OK, answer.text
