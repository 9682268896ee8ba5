"""What a running run does at what its diagnosis finds, with real workers."""

from app.domain.artifacts import ArtifactKind
from app.domain.events import EventKind
from app.domain.runs import RunStatus, StopReason
from app.domain.specs.patch import patched
from app.services.artifacts.list_artifacts import list_artifacts
from app.services.telemetry.read_events import read_events
from app.store.database import unit_of_work
from app.store.diagnoses import load_diagnosis
from tests.faults.worker_group import WorkerGroup
from tests.worker.supervision.runs import make_spec
from tests.workers import wait_until_ready

#: Its steps are so small that it learns nothing, and there are so many that it does not end.
HOPELESS = make_spec(
    optimizer={"kind": "sgd", "learning_rate": 1e-12},
    dataset={"kind": "adding", "length": 20},
    training={"num_steps": 4000, "batch_size": 16, "evaluate_every": 50},
)


def test_a_run_stops_at_a_critical_finding_and_leaves_its_files(group: WorkerGroup) -> None:
    group.of(0)
    worker = group.start(CLINIC_DIAGNOSE_EVERY_S="0.2", CLINIC_HEARTBEAT_S="0.2")
    wait_until_ready(worker)

    spec = patched(HOPELESS, {"training": {"on_finding": {"critical": "stop"}}})
    run_id = group.submit(spec)
    run = group.runs.wait_for_end(run_id, within_s=180)
    worker.end()

    assert (run.status, run.stop_reason) == (RunStatus.SUCCEEDED, StopReason.CRITICAL_FINDING)
    assert 0 < run.progress_step < run.spec.training.num_steps
    with unit_of_work(group.runs.engine) as work:
        whose = {"workspace_id": group.runs.workspace_id, "run_id": run_id}
        files = {file.file.kind for file in list_artifacts(work, **whose)}
        events = read_events(work, **whose, after=0, limit=1000)
        diagnosis = load_diagnosis(work.session, run_id)
    assert {ArtifactKind.CHECKPOINT, ArtifactKind.MODEL, ArtifactKind.BEST} <= files
    [stopping] = [event for event in events if event.kind is EventKind.STOPPING]
    codes = stopping.data["codes"]
    assert diagnosis is not None
    assert isinstance(codes, list)
    assert set(diagnosis.critical_codes).issuperset(codes)
