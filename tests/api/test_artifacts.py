"""Files of runs over HTTP: what is listed can be fetched, whole, by whoever may see the run."""

import hashlib
from base64 import b64decode
from uuid import uuid4

import httpx
import pytest

from app.artifacts import ArtifactFolder
from app.domain.artifacts import ArtifactKind, Publication, PublishedFile, stored_name
from app.domain.checkpoints import checkpoint_name
from app.domain.runs import Run, StopReason
from app.services.attempts.finish_run import AttemptEnd, finish_run
from tests.api.conftest import Clinic, post_run
from tests.api.measured import path_of, started_run
from tests.api.runs.test_continuation import claimed
from tests.api.runs.test_runs import check_problem
from worker.execution.saving import Checkpoints
from worker.publishing.publish import Publisher
from worker.publishing.run_log import RunLog
from worker.telemetry.sending import PendingCheckpoint

WEIGHTS = bytes(range(256)) * 5000
CONTENT = {"model.safetensors": WEIGHTS, "log.txt": b"it began\n"}
KINDS = {"model.safetensors": ArtifactKind.MODEL, "log.txt": ArtifactKind.LOG}


def folder_of(clinic: Clinic) -> ArtifactFolder:
    return ArtifactFolder(root=clinic.settings.artifact_root)


def ended_run(clinic: Clinic, run: Run, *, content: dict[str, bytes], error: str = "") -> None:
    """Write these files and the run's end, as its attempt would."""
    files = tuple(
        PublishedFile(
            name=name,
            kind=KINDS[name],
            stored_name=stored_name(name, run.attempt),
            num_bytes=len(each),
            sha256=folder_of(clinic).write(run.id, stored_name(name, run.attempt), each),
            step=8 if name.startswith("model") else None,
        )
        for name, each in content.items()
    )
    end = AttemptEnd(
        run_id=run.id,
        attempt=run.attempt,
        stop_reason=StopReason.COMPLETED,
        publication=Publication(files=files, error=error or None),
    )
    finish_run(clinic.app.state.resources.engine, end)


def publisher_of(clinic: Clinic, run: Run) -> Publisher:
    return Publisher(
        engine=clinic.app.state.resources.engine,
        artifacts=folder_of(clinic),
        run_id=run.id,
        attempt=run.attempt,
        log=RunLog(),
    )


@pytest.fixture
def run(clinic: Clinic) -> Run:
    """It has ended, and has left a checkpoint, weights and a log."""
    run = started_run(clinic)
    Checkpoints(
        engine=clinic.app.state.resources.engine,
        artifacts=folder_of(clinic),
        run_id=run.id,
        attempt=run.attempt,
    ).save(PendingCheckpoint(step=4, content=b"all of it"))
    ended_run(clinic, run, content=CONTENT)
    return run


def test_every_file_is_listed_and_can_be_fetched_whole(client: httpx.Client, run: Run) -> None:
    listed = client.get(client.get(f"/v1/runs/{run.id}").json()["links"]["artifacts"]).json()

    checkpoint = checkpoint_name(4, run.attempt)
    assert listed["next"] is None
    assert [(item["name"], item["kind"], item["step"]) for item in listed["items"]] == [
        ("log.txt", "log", None),
        ("model.safetensors", "model", 8),
        (checkpoint, "checkpoint", 4),
    ]
    for item in listed["items"]:
        answer = client.get(item["href"])

        assert answer.status_code == 200
        assert answer.content == CONTENT.get(item["name"], b"all of it")
        assert hashlib.sha256(answer.content).hexdigest() == item["sha256"]
        assert int(answer.headers["Content-Length"]) == item["num_bytes"]
        assert answer.headers["Content-Type"] == item["media_type"]
        assert answer.headers["ETag"] == f'"{item["sha256"]}"'
        assert item["name"] in answer.headers["Content-Disposition"]
        digest = answer.headers["Repr-Digest"].removeprefix("sha-256=:").removesuffix(":")
        assert b64decode(digest).hex() == item["sha256"]


def test_what_was_fetched_before_is_not_sent_again(client: httpx.Client, run: Run) -> None:
    path = path_of(run.id, "artifacts/model.safetensors")
    etag = client.get(path).headers["ETag"]

    again = client.get(path, headers={"If-None-Match": etag})

    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)


def test_a_file_that_is_gone_or_not_what_was_written_is_not_sent(
    clinic: Clinic, client: httpx.Client, run: Run
) -> None:
    folder = folder_of(clinic)
    folder.write(run.id, stored_name("model.safetensors", run.attempt), WEIGHTS[:-1] + b"?")
    folder.remove(run.id, [stored_name("log.txt", run.attempt)])

    damaged = client.get(path_of(run.id, "artifacts/model.safetensors"))
    missing = client.get(path_of(run.id, "artifacts/log.txt"))

    assert (damaged.status_code, check_problem(damaged)["code"]) == (410, "file_damaged")
    assert missing.status_code == 404
    assert "not in the artifact store" in check_problem(missing)["detail"]


@pytest.mark.parametrize(
    "name", ["predict.py", "..%2F..%2Fadmin-key", "%00", "m%C3%B6del", "{name}"]
)
def test_a_name_that_the_run_does_not_have_is_not_found(
    client: httpx.Client, run: Run, name: str
) -> None:
    answer = client.get(path_of(run.id, f"artifacts/{name}"))

    assert answer.status_code == 404
    check_problem(answer)


def test_a_run_that_has_left_nothing_has_an_empty_list(client: httpx.Client) -> None:
    run = post_run(client)

    assert client.get(run["links"]["artifacts"]).json() == {"items": [], "next": None}


def test_files_of_another_workspace_are_not_there(clinic: Clinic, run: Run) -> None:
    with clinic.client(clinic.other_key) as other:
        listed = other.get(path_of(run.id, "artifacts"))
        fetched = other.get(path_of(run.id, "artifacts/model.safetensors"))

    assert (listed.status_code, fetched.status_code) == (404, 404)


def test_files_go_with_their_run(clinic: Clinic, client: httpx.Client, run: Run) -> None:
    client.delete(f"/v1/runs/{run.id}")

    assert folder_of(clinic).names(run.id) == ()


def test_files_go_with_their_workspace(clinic: Clinic, client: httpx.Client) -> None:
    made = client.post("/v1/workspaces", json={"name": f"short-lived {uuid4()}"}).json()
    with clinic.client(made["admin_key"]["key"]) as owner:
        left = post_run(owner)
        owner.post(left["links"]["cancel"])
    folder_of(clinic).write(left["id"], "published-0001-log.txt", b"it began\n")

    client.delete(f"/v1/workspaces/{made['id']}")

    assert folder_of(clinic).names(left["id"]) == ()


def test_a_resumed_run_shows_its_earlier_end_until_it_ends_again(
    clinic: Clinic, client: httpx.Client, run: Run
) -> None:
    path = path_of(run.id, "artifacts/model.safetensors")
    assert client.post(f"/v1/runs/{run.id}/resume", json={"num_steps": 2000}).status_code == 202
    again = claimed(clinic, str(run.id))
    meanwhile = client.get(path).content

    ended_run(clinic, again, content={"model.safetensors": b"other weights"})
    publisher_of(clinic, again).remove_unused()

    assert (meanwhile, client.get(path).content) == (WEIGHTS, b"other weights")
    assert [name for name in folder_of(clinic).names(run.id) if "0001" in name] == [
        checkpoint_name(4, run.attempt)
    ]


def test_files_of_an_end_that_was_never_committed_are_overwritten(
    clinic: Clinic, client: httpx.Client
) -> None:
    run = started_run(clinic)
    folder = folder_of(clinic)
    for attempt in (run.attempt, run.attempt + 1):
        folder.write(run.id, stored_name("log.txt", attempt), b"killed before its end was written")
    before = client.get(path_of(run.id, "artifacts")).json()["items"]

    ended_run(clinic, run, content={"model.safetensors": WEIGHTS})
    publisher_of(clinic, run).remove_unused()

    after = client.get(path_of(run.id, "artifacts")).json()["items"]
    assert (before, [item["name"] for item in after]) == ([], ["model.safetensors"])
    # that of a later attempt is not this one's to remove
    assert folder.names(run.id) == (
        stored_name("model.safetensors", run.attempt),
        stored_name("log.txt", run.attempt + 1),
    )


def test_an_end_that_could_not_publish_is_told(clinic: Clinic, client: httpx.Client) -> None:
    run = started_run(clinic)

    ended_run(clinic, run, content={}, error="The files could not be published: no space left.")

    [told] = [
        event["data"]
        for event in client.get(path_of(run.id, "events")).json()["items"]
        if event["kind"] == "artifacts"
    ]
    assert (told["names"], told["attempt"]) == ([], run.attempt)
    assert "no space" in told["error"]
    assert client.get(f"/v1/runs/{run.id}").json()["status"] == "failed"
