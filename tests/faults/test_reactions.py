"""What a running run does at what its diagnosis finds, with real workers."""

import os
import signal
from collections.abc import Sequence
from uuid import UUID

from app.domain.artifacts import ArtifactKind, PublishedFile
from app.domain.events import Event, EventKind
from app.domain.runs import RunStatus, StopReason
from app.domain.specs.patch import patched
from app.services.artifacts.list_artifacts import list_artifacts
from app.services.telemetry.read_events import read_events
from app.services.trials.cancel_trial import cancel_trial
from app.services.trials.read_trial import TrialState, list_trials
from app.store.database import unit_of_work
from app.store.diagnoses import load_diagnosis
from tests.faults.checker import digest_weights
from tests.faults.worker_group import WorkerGroup
from tests.worker.supervision.runs import make_spec
from tests.workers import wait_until, wait_until_ready

#: Its steps are so small that it learns nothing, and there are so many that it does not end.
HOPELESS = make_spec(
    optimizer={"kind": "sgd", "learning_rate": 1e-12},
    dataset={"kind": "adding", "length": 20},
    training={"num_steps": 4000, "batch_size": 16, "evaluate_every": 50},
)

#: Its second step is not finite, so that it rolls back; then it goes on for seconds.
EXPLODING = make_spec(
    model={"kind": "elman", "hidden_size": 8, "activation": "linear"},
    dataset={"kind": "adding", "length": 100},
    clipping={"kind": "none"},
    optimizer={"kind": "sgd", "learning_rate": 0.5},
    training={"num_steps": 1500, "batch_size": 8, "on_instability": "rollback"},
)


def files_of(group: WorkerGroup, run_id: UUID) -> list[PublishedFile]:
    with unit_of_work(group.runs.engine) as work:
        found = list_artifacts(work, workspace_id=group.runs.workspace_id, run_id=run_id)
    return [artifact.file for artifact in found]


def events_of(group: WorkerGroup, run_id: UUID) -> Sequence[Event]:
    with unit_of_work(group.runs.engine) as work:
        return read_events(
            work, workspace_id=group.runs.workspace_id, run_id=run_id, after=0, limit=1000
        )


def last_weights(group: WorkerGroup, run_id: UUID) -> str | None:
    """The digest of those of the last checkpoint."""
    checkpoints = [f for f in files_of(group, run_id) if f.kind is ArtifactKind.CHECKPOINT]
    return digest_weights(group.home / "artifacts" / str(run_id) / checkpoints[0].stored_name)


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
    files = {file.kind for file in files_of(group, run_id)}
    events = events_of(group, run_id)
    with unit_of_work(group.runs.engine) as work:
        diagnosis = load_diagnosis(work.session, run_id)
    assert {ArtifactKind.CHECKPOINT, ArtifactKind.MODEL, ArtifactKind.BEST} <= files
    [stopping] = [event for event in events if event.kind is EventKind.STOPPING]
    codes = stopping.data["codes"]
    assert diagnosis is not None
    assert isinstance(codes, list)
    assert set(diagnosis.critical_codes).issuperset(codes)


def trials_of(group: WorkerGroup, run_id: UUID) -> Sequence[TrialState]:
    with unit_of_work(group.runs.engine) as work:
        return list_trials(
            work, workspace_id=group.runs.workspace_id, run_id=run_id, limit=10, after=None
        ).items


def test_the_remedies_of_a_run_that_stops_are_tried_once_also_after_its_worker_was_killed(
    group: WorkerGroup,
) -> None:
    group.of(0)
    fast = {"CLINIC_DIAGNOSE_EVERY_S": "0.2", "CLINIC_HEARTBEAT_S": "0.2", "CLINIC_SWEEP_S": "0.2"}
    # its sweeps are so rare that it starts no trial before it is killed
    first = group.start(**fast | {"CLINIC_SWEEP_S": "3600"})
    wait_until_ready(first)
    run_id = group.submit(patched(HOPELESS, {"training": {"on_finding": {"critical": "trial"}}}))
    run = group.runs.wait_for_end(run_id, within_s=180)
    assert run.stop_reason is StopReason.CRITICAL_FINDING
    first.end()
    assert trials_of(group, run_id) == []

    others = [group.start(**fast) for _ in range(2)]
    for worker in others:
        wait_until_ready(worker)
    wait_until(lambda: len(trials_of(group, run_id)) > 0, within_s=60)
    wait_until(
        lambda: any(one.progress_step for one in trials_of(group, run_id)[0].members.values()),
        within_s=60,
    )

    [state] = trials_of(group, run_id)
    [told] = [event for event in events_of(group, run_id) if event.kind is EventKind.TRIAL]
    assert told.data == {"trial_id": str(state.trial.id), "error": None}
    assert all(not member.spec.training.on_finding.stops for member in state.members.values())
    with unit_of_work(group.runs.engine) as work:
        cancel_trial(
            work,
            workspace_id=group.runs.workspace_id,
            run_id=run_id,
            trial_id=state.trial.id,
        )
    for member in state.members:
        group.runs.wait_for_end(member, within_s=60)
    for worker in others:
        worker.end()


def test_a_run_that_rolled_back_and_was_killed_ends_as_one_that_was_not(
    group: WorkerGroup,
) -> None:
    group.of(0)
    worker = group.start(CLINIC_CHECKPOINT_EVERY_S="0.2")
    wait_until_ready(worker)
    whole_id, killed_id = group.submit(EXPLODING), group.submit(EXPLODING)
    whole = group.runs.wait_for_end(whole_id, within_s=180)

    def is_checkpointed() -> bool:
        kinds = [event.kind for event in events_of(group, killed_id)]
        return EventKind.ROLLED_BACK in kinds and EventKind.CHECKPOINT in kinds

    wait_until(is_checkpointed, within_s=60)
    [training] = worker.training()
    os.kill(training, signal.SIGKILL)
    killed = group.runs.wait_for_end(killed_id, within_s=180)
    worker.end()

    assert (whole.attempt, killed.attempt) == (1, 2)
    assert last_weights(group, killed_id) == last_weights(group, whole_id) is not None
    assert killed.rollbacks == whole.rollbacks is not None
    assert killed.stop_reason is StopReason.COMPLETED
