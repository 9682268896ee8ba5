"""Runs go on: as themselves with more steps, or as forks with a patch."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.artifacts import ArtifactFolder
from app.domain.checkpoints import checkpoint_name
from app.domain.runs import Run, StopReason
from app.domain.telemetry import ReadingBatch
from app.store.checkpoints import checkpoints_of
from tests.api.conftest import Clinic
from tests.api.measured import chunk, finish, record, session_of, started_run
from tests.api.runs.test_runs import check_problem
from tests.store.builders import claimed as claim
from worker.execution.saving import Checkpoints
from worker.telemetry.sending import PendingCheckpoint


def saved_run(clinic: Clinic, *, step: int = 4, ends: StopReason | None = None) -> Run:
    """Eight steps with a checkpoint after the fourth."""
    run = started_run(clinic)
    record(clinic, run, seq=0, batch=ReadingBatch(chunk=chunk([4, 3, 2, 1]), progress_step=4))
    store = ArtifactFolder(root=clinic.settings.artifact_root)
    Checkpoints(
        engine=clinic.app.state.resources.engine,
        artifacts=store,
        run_id=run.id,
        attempt=run.attempt,
    ).save(PendingCheckpoint(step=step, content=b"weights"))
    rest = ReadingBatch(chunk=chunk([5, 5, 5, 5], first_step=4), progress_step=8)
    record(clinic, run, seq=1, batch=rest)
    if ends is not None:
        finish(clinic, run, ends)
    return run


def post(client: httpx.Client, run: Run, verb: str, **body: object) -> httpx.Response:
    return client.post(f"/v1/runs/{run.id}/{verb}", json=body)


def claimed(clinic: Clinic, run_id: str) -> Run:
    with session_of(clinic) as session:
        return claim(session, UUID(run_id))


def losses(client: httpx.Client, run_id: object, **query: Any) -> dict[int, float]:
    answer = client.get(f"/v1/runs/{run_id}/history", params={"quantity": "loss", **query})
    [series] = answer.json()["series"]
    return dict(zip(series["steps"], series["values"], strict=True))


def test_a_cancelled_run_goes_on_from_its_checkpoint(clinic: Clinic, client: httpx.Client) -> None:
    run = saved_run(clinic, ends=StopReason.CANCELLED)

    answer = post(client, run, "resume", num_steps=2000.0)  # JSON has one kind of number

    assert answer.status_code == 202
    resumed = answer.json()
    assert (resumed["status"], resumed["stop_reason"], resumed["ended_at"]) == (
        "queued",
        None,
        None,
    )
    assert resumed["spec"]["training"]["num_steps"] == 2000
    assert claimed(clinic, resumed["id"]).progress_step == 4
    assert losses(client, run.id) == {0: 4, 1: 3, 2: 2, 3: 1}


def test_a_diverged_run_is_to_be_forked(clinic: Clinic, client: httpx.Client) -> None:
    run = saved_run(clinic, ends=StopReason.DIVERGED)

    answer = post(client, run, "resume")

    assert answer.status_code == 409
    assert f"/v1/runs/{run.id}/fork" in check_problem(answer)["detail"]


def test_a_run_that_goes_on_anyway_is_not_resumed(clinic: Clinic, client: httpx.Client) -> None:
    answer = post(client, saved_run(clinic), "resume")

    assert answer.status_code == 409
    assert check_problem(answer)["code"] == "illegal_transition"


def test_more_steps_than_a_spec_may_ask_for_are_refused(
    clinic: Clinic, client: httpx.Client
) -> None:
    run = saved_run(clinic, ends=StopReason.CANCELLED)

    answer = post(client, run, "resume", num_steps=100_000_001)

    assert answer.status_code == 422
    assert check_problem(answer)["errors"][0]["pointer"] == "/num_steps"


@pytest.mark.parametrize("body", [{"num_steps": 3}, {"num_steps": 8}])
def test_steps_that_are_done_are_no_reason_to_go_on(
    clinic: Clinic, client: httpx.Client, body: dict[str, int]
) -> None:
    run = saved_run(clinic, ends=StopReason.COMPLETED)

    answer = client.post(f"/v1/runs/{run.id}/resume", json=body)

    assert answer.status_code == 422
    assert check_problem(answer)["errors"][0]["pointer"] == "/num_steps"


def test_a_fork_begins_at_the_last_checkpoint(clinic: Clinic, client: httpx.Client) -> None:
    run = saved_run(clinic, ends=StopReason.DIVERGED)

    answer = post(client, run, "fork", patch={"optimizer": {"learning_rate": 1e-5}})

    assert answer.status_code == 201
    fork = answer.json()
    assert answer.headers["Location"] == f"/v1/runs/{fork['id']}"
    assert fork["parent"] == {"run_id": str(run.id), "step": 4}
    assert fork["spec"]["optimizer"]["learning_rate"] == 1e-5
    with session_of(clinic) as session:
        [begun] = checkpoints_of(session, UUID(fork["id"]))
    store = ArtifactFolder(root=clinic.settings.artifact_root)
    client.delete(f"/v1/runs/{run.id}")
    assert store.names(run.id) == ()
    assert store.read(UUID(fork["id"]), begun.name) == b"weights"


def test_a_fork_begins_at_the_best_step_which_no_resumption_does(
    clinic: Clinic, client: httpx.Client
) -> None:
    run = saved_run(clinic)
    none_yet = post(client, run, "fork", from_step="best")
    store = ArtifactFolder(root=clinic.settings.artifact_root)
    engine = clinic.app.state.resources.engine
    checkpoints = Checkpoints(engine=engine, artifacts=store, run_id=run.id, attempt=run.attempt)
    checkpoints.save(PendingCheckpoint(step=6, content=b"best weights", for_resume=False))
    finish(clinic, run, StopReason.CANCELLED)

    from_best = post(client, run, "fork", from_step="best")
    from_last = post(client, run, "fork")
    resumed = post(client, run, "resume")

    assert none_yet.status_code == 422
    assert check_problem(none_yet)["errors"][0]["code"] == "no_checkpoint"
    assert from_best.json()["parent"]["step"] == 6
    fork_id = UUID(from_best.json()["id"])
    assert store.read(fork_id, checkpoint_name(6, 1, for_resume=False)) == b"best weights"
    assert from_last.json()["parent"]["step"] == 4
    assert resumed.status_code == 202


def test_a_fork_begins_at_the_last_checkpoint_that_is_whole(
    clinic: Clinic, client: httpx.Client
) -> None:
    run = saved_run(clinic)
    store = ArtifactFolder(root=clinic.settings.artifact_root)
    engine = clinic.app.state.resources.engine
    later = Checkpoints(engine=engine, artifacts=store, run_id=run.id, attempt=run.attempt)
    later.save(PendingCheckpoint(step=8, content=b"later weights"))
    finish(clinic, run, StopReason.COMPLETED)
    store.write(run.id, checkpoint_name(8, run.attempt), b"later weight5")

    fork = post(client, run, "fork").json()
    refused = post(client, run, "fork", from_step=8)

    assert fork["parent"]["step"] == 4
    assert refused.status_code == 409
    assert check_problem(refused)["code"] == "checkpoint_damaged"


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda path: path.write_bytes(b"weightz"), "its SHA-256 differs"),
        (lambda path: path.unlink(), "is not in the artifact store"),
    ],
)
@pytest.mark.parametrize("verb", ["fork", "resume"])
def test_nothing_goes_on_from_a_damaged_checkpoint(
    clinic: Clinic,
    client: httpx.Client,
    verb: str,
    damage: Callable[[Path], object],
    reason: str,
) -> None:
    run = saved_run(clinic, ends=StopReason.CANCELLED)
    damage(clinic.settings.artifact_root / str(run.id) / checkpoint_name(4, run.attempt))

    refused = post(client, run, verb)

    assert refused.status_code == 409
    problem = check_problem(refused)
    assert problem["code"] == "checkpoint_damaged"
    assert problem["detail"].startswith("The checkpoint after step 4 cannot be read.")
    assert reason in problem["detail"]
    assert client.get(f"/v1/runs/{run.id}").json()["status"] == "cancelled"
    assert post(client, run, "fork", from_step=0).status_code == 201


def test_nothing_goes_on_while_the_artifact_folder_is_gone(
    clinic: Clinic, client: httpx.Client
) -> None:
    run = saved_run(clinic, ends=StopReason.CANCELLED)
    root = clinic.settings.artifact_root
    root.rename(root.with_name("away"))
    try:
        answers = [post(client, run, verb) for verb in ("fork", "resume")]
    finally:
        root.with_name("away").rename(root)

    assert [answer.status_code for answer in answers] == [503, 503]
    assert {check_problem(answer)["detail"] for answer in answers} == {
        "The artifact folder is gone."
    }
    assert post(client, run, "resume").status_code == 202


def test_a_fork_says_where_its_own_readings_begin(clinic: Clinic, client: httpx.Client) -> None:
    run = saved_run(clinic, ends=StopReason.DIVERGED)
    child = claimed(clinic, post(client, run, "fork").json()["id"])
    readings = ReadingBatch(chunk=chunk([math.inf, 0.5], first_step=4), progress_step=6)
    record(clinic, child, seq=0, batch=readings)

    diagnosis = client.get(f"/v1/runs/{child.id}/diagnosis").json()

    assert diagnosis["as_of_step"] == 5
    found = {finding["code"]: finding["first_step"] for finding in diagnosis["findings"]}
    assert found["non_finite"] == 4


def test_the_history_of_a_fork_can_begin_with_its_parents(
    clinic: Clinic, client: httpx.Client
) -> None:
    run = saved_run(clinic, ends=StopReason.DIVERGED)
    fork = post(client, run, "fork").json()
    child = claimed(clinic, fork["id"])
    readings = ReadingBatch(chunk=chunk([0.5, 0.25], first_step=4), progress_step=6)
    record(clinic, child, seq=0, batch=readings)

    assert losses(client, child.id) == {4: 0.5, 5: 0.25}
    stitched = losses(client, child.id, lineage=True)
    assert stitched == {0: 4, 1: 3, 2: 2, 3: 1, 4: 0.5, 5: 0.25}
    assert losses(client, child.id, lineage=True, from_step=3, to_step=4) == {3: 1, 4: 0.5}


def test_a_fork_without_a_checkpoint_begins_at_the_start(
    clinic: Clinic, client: httpx.Client
) -> None:
    run = started_run(clinic)

    fork = post(client, run, "fork", patch={"clipping": {"kind": "none"}}).json()

    assert fork["parent"] == {"run_id": str(run.id), "step": 0}
    assert fork["spec"]["clipping"] == {"kind": "none"}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"patch": {"model": {"kind": "gru"}}}, "/patch/model"),
        ({"patch": {"training": {"seed": 7}}}, "/patch/training/seed"),
        ({"patch": {"training": None}, "from_step": 4}, None),
        ({"patch": {"training": {"num_steps": 4}}}, "/patch/training/num_steps"),
        ({"patch": {"clipping": {"kind": "norm", "max_norm": -1}}}, "/patch/clipping/max_norm"),
        ({"patch": {"optimizer": {"learning_rate": "x"}}}, "/patch/optimizer/learning_rate"),
        ({"patch": {"optimizer": {"rate": 1}}}, "/patch/optimizer/rate"),
        ({"patch": {"optimizer": 7}}, "/patch/optimizer"),
        ({"from_step": 5}, "/from_step"),
        ({"from_step": -1}, "/from_step"),
        ({"patch": {"optimizer": {"kind": "sgd"}}, "optimizer_state": "keep"}, "/optimizer_state"),
        ({"patch": {"optimizer": {"kind": "sgd"}}}, None),
    ],
)
def test_a_fork_says_what_it_cannot_change(
    clinic: Clinic, client: httpx.Client, body: dict[str, object], pointer: str | None
) -> None:
    run = saved_run(clinic)

    answer = client.post(f"/v1/runs/{run.id}/fork", json=body)

    if pointer is None:
        assert answer.status_code == 201, answer.text
    else:
        assert answer.status_code == 422, answer.text
        assert check_problem(answer)["errors"][0]["pointer"] == pointer


def test_a_deleted_run_leaves_no_file(clinic: Clinic, client: httpx.Client) -> None:
    run = saved_run(clinic, ends=StopReason.COMPLETED)
    store = ArtifactFolder(root=clinic.settings.artifact_root)
    assert store.names(run.id) == (checkpoint_name(4, run.attempt),)

    assert client.delete(f"/v1/runs/{run.id}").status_code == 204

    assert store.names(run.id) == ()
