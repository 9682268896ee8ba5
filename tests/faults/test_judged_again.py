"""The result of an experiment reaches its parent although the worker that trained it was killed."""

from uuid import UUID

from app.domain.diagnosis.findings import Diagnosis
from app.domain.specs.lineage import RunPurpose
from app.domain.specs.patch import patched
from app.store.database import unit_of_work
from app.store.diagnoses import load_diagnosis
from app.store.runs import insert_run
from tests.faults.worker_group import WorkerGroup
from tests.worker.supervision.runs import make_spec
from tests.workers import wait_until, wait_until_ready

#: Its steps are so large that it diverges or learns nothing.
SICK = make_spec(
    optimizer={"kind": "sgd", "learning_rate": 3.0},
    dataset={"kind": "adding", "length": 20},
    training={"num_steps": 60, "batch_size": 16, "evaluate_every": 20},
)


def test_a_parent_is_judged_again_by_another_worker_after_a_kill(group: WorkerGroup) -> None:
    group.of(0)
    # its sweeps are so rare that it judges nothing again before it is killed
    first = group.start(CLINIC_SWEEP_S="3600")
    wait_until_ready(first)
    parent_id = group.submit(SICK)
    group.runs.wait_for_end(parent_id, within_s=180)
    before = diagnosis_of(group, parent_id)
    child_id = submit_experiment(group, parent_id)
    group.runs.wait_for_end(child_id, within_s=180)
    first.end()
    assert diagnosis_of(group, parent_id) == before

    second = group.start(CLINIC_SWEEP_S="0.2")
    wait_until_ready(second)
    wait_until(lambda: bool(diagnosis_of(group, parent_id).experiment_results), within_s=60)

    [result] = diagnosis_of(group, parent_id).experiment_results
    second.end()
    assert (result.run_id, result.cause) == (child_id, "learning_rate_too_high")
    assert not before.experiment_results


def submit_experiment(group: WorkerGroup, parent_id: UUID) -> UUID:
    with unit_of_work(group.runs.engine) as work:
        made = insert_run(
            work.session,
            workspace_id=group.runs.workspace_id,
            spec=patched(SICK, {"optimizer": {"learning_rate": 0.9}}),
            name="",
            tags=(),
            notes="",
            parent_run_id=parent_id,
            purpose=RunPurpose.EXPERIMENT,
        )
    group.queue.notify(made.id)
    return made.id


def diagnosis_of(group: WorkerGroup, run_id: UUID) -> Diagnosis:
    with unit_of_work(group.runs.engine) as work:
        found = load_diagnosis(work.session, run_id)
    assert found is not None
    return found
