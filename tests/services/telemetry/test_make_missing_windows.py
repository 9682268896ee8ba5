"""Workers make the windows of runs of an earlier release in their sweeps."""

from pathlib import Path
from uuid import UUID

from sqlalchemy import Engine, delete, func, select, update

from app.artifacts import ArtifactFolder
from app.domain.quotas import Quotas
from app.domain.runs import StopReason
from app.domain.time_limits import UNLIMITED
from app.queue import RunQueue
from app.store.claims import finish
from app.store.database import unit_of_work
from app.store.ids import new_id
from app.store.tables import runs, telemetry_windows
from app.store.telemetry import append_batch
from tests.store.builders import a_batch, claimed_run
from worker.supervision.trial_records import TrialRecords
from worker.supervision.worker_records import WorkerRecords


def test_one_call_makes_the_windows_of_a_short_run(
    engine: Engine, committed_workspace_id: UUID, tmp_path: Path
) -> None:
    with unit_of_work(engine) as work:
        session = work.session
        run = claimed_run(session, committed_workspace_id)
        append_batch(session, run_id=run.id, attempt=1, seq=0, batch=a_batch(num_steps=3000))
        finish(session, run_id=run.id, attempt=1, stop_reason=StopReason.COMPLETED)
        of_run = telemetry_windows.c.run_id == run.id
        count = select(func.count()).where(of_run)
        made_at_once = session.execute(count).scalar_one()
        session.execute(delete(telemetry_windows).where(of_run))
        session.execute(update(runs).where(runs.c.id == run.id).values(windowed_steps=0))
    records = WorkerRecords(
        engine=engine,
        worker_id=new_id(),
        queue=RunQueue("redis://nowhere"),
        artifacts=ArtifactFolder(root=tmp_path),
        max_crashes=3,
        quotas=Quotas(),
        trials=TrialRecords(
            engine=engine,
            queue=RunQueue("redis://nowhere"),
            quotas=Quotas(),
            time_limits=UNLIMITED,
            on_stop=lambda _: None,
        ),
        stalled_after_s=30,
        retention_days=None,
        audit_retention_days=365,
    )

    records.make_missing_windows()

    with unit_of_work(engine) as work:
        assert made_at_once > 0
        assert work.session.execute(count).scalar_one() == made_at_once
        windowed = select(runs.c.windowed_steps).where(runs.c.id == run.id)
        assert work.session.execute(windowed).scalar_one() == 2048
