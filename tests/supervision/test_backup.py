"""A backup of a running service, restored into a new home, is the same service."""

import json
from pathlib import Path

import httpx
import pytest

from app.cli import main
from app.domain.errors import Conflict, Misconfigured
from app.supervision.backup import back_up, restore
from tests.api.conftest import post_run
from tests.supervision.test_serve import Service, serving


def client_of(service: Service) -> httpx.Client:
    key = (service.home / "admin-key").read_text().strip()
    address = (service.home / "address").read_text().strip()
    return httpx.Client(base_url=address, headers={"Authorization": f"Bearer {key}"}, timeout=30)


def test_what_is_backed_up_is_there_again_in_a_new_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new, copy = tmp_path / "old", tmp_path / "new", tmp_path / "backups" / "monday"
    with serving(old, CLINIC_WORKERS="0") as service:
        service.wait_for("/healthz")
        with client_of(service) as client:
            run = post_run(client)
            events = client.get(f"{run['links']['self']}/events").json()
        file = old / "artifacts" / run["id"] / "model.json"
        file.parent.mkdir(parents=True)
        file.write_text("{}")
        monkeypatch.setenv("CLINIC_HOME", str(old))
        assert main(["backup", str(copy)]) == 0

    monkeypatch.setenv("CLINIC_HOME", str(new))
    assert main(["restore", str(copy)]) == 0
    with serving(new, CLINIC_WORKERS="0") as service:
        service.wait_for("/healthz")
        with client_of(service) as client:
            found = client.get(run["links"]["self"]).json()
            events_again = client.get(f"{run['links']['self']}/events").json()
            another = post_run(client)

    assert (found["id"], found["spec"], found["status"]) == (run["id"], run["spec"], "queued")
    assert json.dumps(events_again) == json.dumps(events)
    assert another["status"] == "queued"
    assert (new / "artifacts" / run["id"] / "model.json").read_text() == "{}"
    assert (new / "secret").read_text() == (old / "secret").read_text()
    assert (new / "secret").stat().st_mode & 0o777 == 0o600


def test_a_folder_with_something_in_it_is_not_written_to(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").write_text("mine")
    (tmp_path / "backup").mkdir()
    (tmp_path / "backup" / "database.dump").write_bytes(b"")

    with pytest.raises(Conflict, match="not empty"):
        restore(tmp_path / "backup", tmp_path / "kept")
    with pytest.raises(Misconfigured, match=r"no database\.dump"):
        restore(tmp_path / "kept", tmp_path / "new")

    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["file"]


def test_without_an_installation_there_is_nothing_to_back_up(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured):
        back_up({"CLINIC_HOME": str(tmp_path / "nothing")}, tmp_path / "backup")

    assert not (tmp_path / "backup").exists()
