"""No prediction is lost with the worker that computes it."""

from uuid import UUID

from app.domain.predictions import Prediction, Source
from app.domain.quotas import Quotas
from app.domain.runs import RunStatus
from app.services.predictions.submit_prediction import submit_prediction
from app.store.database import unit_of_work
from app.store.predictions import find_prediction, read_answer
from tests.faults.worker_group import WorkerGroup
from tests.worker.supervision.runs import make_spec
from tests.workers import wait_until

NUM_PREDICTIONS = 12
ROWS = b"value,mark\n" + b"0.5,1\n" * 10


def test_predictions_survive_the_death_of_their_worker(group: WorkerGroup) -> None:
    [worker] = group.of(1)
    run_id = group.submit(make_spec())
    assert group.runs.wait_for_end(run_id).status is RunStatus.SUCCEEDED
    ids = [submit(group, run_id) for _ in range(NUM_PREDICTIONS)]
    wait_until(lambda: any(one.status is RunStatus.RUNNING for one in found(group, ids)))

    worker.end()
    group.of(1)

    wait_until(lambda: all(one.status.has_ended for one in found(group, ids)), within_s=60)
    assert {one.status for one in found(group, ids)} == {RunStatus.SUCCEEDED}
    with unit_of_work(group.runs.engine) as work:
        assert len({read_answer(work.session, each) for each in ids}) == 1


def submit(group: WorkerGroup, run_id: UUID) -> UUID:
    with unit_of_work(group.runs.engine) as work:
        return submit_prediction(
            work,
            workspace_id=group.runs.workspace_id,
            run_id=run_id,
            weights=None,
            source=Source(kind="csv", content=ROWS),
            quotas=Quotas(),
        ).id


def found(group: WorkerGroup, ids: list[UUID]) -> list[Prediction]:
    with unit_of_work(group.runs.engine) as work:
        workspace_id = group.runs.workspace_id
        return [find_prediction(work.session, workspace_id, each) for each in ids]
