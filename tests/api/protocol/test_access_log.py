"""Each request is a line of JSON, in files that are rotated while lines are written."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.api.protocol.access_log import LOST, MAX_WAITING, NUM_OLDER_FILES, AccessLog
from tests.api.conftest import Clinic, serving, spec


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_request_leaves_who_asked_for_what_and_what_became_of_it(
    clinic_with: Callable[..., Clinic], tmp_path: Path
) -> None:
    clinic = clinic_with(home=tmp_path)
    with serving(clinic.app) as url, httpx.Client(base_url=url) as client:
        authorized = {"Authorization": f"Bearer {clinic.key}", "X-Request-ID": "mine"}
        run = client.post("/v1/runs?dry_run=true", json=spec(), headers=authorized)
        client.get("/v1/runs/0190a000-0000-7000-8000-000000000000")
        client.get("/nowhere?secret=1")

    first, second, third = lines(tmp_path / "logs" / "access.jsonl")
    assert list(first) == [
        "time",
        "request_id",
        "address",
        "key_id",
        "workspace_id",
        "method",
        "route",
        "status",
        "ms",
        "bytes",
    ]
    assert (first["request_id"], first["address"]) == ("mine", "127.0.0.1")
    assert (first["method"], first["route"], first["status"]) == ("POST", "/v1/runs", 200)
    assert len(first["key_id"]) == len(first["workspace_id"]) == 36
    assert (first["bytes"], first["ms"] > 0) == (int(run.headers["Content-Length"]), True)
    assert (second["route"], second["status"]) == ("/v1/runs/{run_id}", 401)
    assert second["key_id"] is None
    assert (third["route"], third["status"]) == (None, 404)
    assert "secret" not in json.dumps(third)


def test_the_log_can_be_turned_off(clinic_with: Callable[..., Clinic], tmp_path: Path) -> None:
    clinic = clinic_with(home=tmp_path, access_log=False)
    with serving(clinic.app) as url:
        httpx.get(f"{url}/healthz")

    assert not (tmp_path / "logs" / "access.jsonl").exists()


def test_files_are_rotated_while_lines_are_written(tmp_path: Path) -> None:
    log = AccessLog(tmp_path / "access.jsonl", max_file_bytes=1000)
    with log.open():
        for number in range(1000):
            log.write(number=number)

    files = sorted(tmp_path.iterdir())
    newest = [line["number"] for line in lines(tmp_path / "access.jsonl")]
    assert len(files) == 1 + NUM_OLDER_FILES
    assert all(path.stat().st_size <= 1000 for path in files)
    assert newest[-1] == 999


def test_lines_that_cannot_be_written_are_counted_and_delay_nobody(tmp_path: Path) -> None:
    (tmp_path / "access.jsonl").mkdir()
    log = AccessLog(tmp_path / "access.jsonl")
    before = lost()

    with log.open():
        log.write(number=1)

    assert lost() == before + 1


def test_more_lines_than_may_wait_are_counted(tmp_path: Path) -> None:
    log = AccessLog(tmp_path / "access.jsonl")
    before = lost()

    began_s = time.monotonic()
    for number in range(MAX_WAITING + 5):
        log.write(number=number)
    took_s = time.monotonic() - began_s
    with log.open():
        pass

    assert lost() == before + 5
    assert took_s < 10
    assert len(lines(tmp_path / "access.jsonl")) == MAX_WAITING


def lost() -> float:
    [metric] = LOST.collect()
    [number] = [sample.value for sample in metric.samples if sample.name.endswith("_total")]
    return float(number)


@pytest.mark.parametrize("value", ["true", "false"])
def test_a_home_on_which_nothing_is_open_takes_lines_all_the_same(
    tmp_path: Path, value: str
) -> None:
    AccessLog(tmp_path / "access.jsonl", is_on=value == "true").write(number=1)

    assert list(tmp_path.iterdir()) == []
