"""Add to runs of several workspaces what they wait for, suspensions included."""

from collections.abc import Sequence
from dataclasses import replace

from app.domain.runs import Run, RunStatus
from app.services.runs.describe_run import DescribedRun, describe_runs
from app.store.database import UnitOfWork
from app.store.workspaces import suspended_ids

#: What the queued runs of a suspended workspace wait for; only operators can see it.
RESUMPTION = "its workspace to be resumed"


def describe_all(work: UnitOfWork, runs: Sequence[Run]) -> tuple[DescribedRun, ...]:
    suspended = suspended_ids(work.session, {run.workspace_id for run in runs})
    return tuple(
        replace(described, waiting_for=RESUMPTION)
        if described.run.status is RunStatus.QUEUED and described.run.workspace_id in suspended
        else described
        for described in describe_runs(work, runs)
    )
