"""Routes for workers: which exist, with which devices, and which runs they train; drain one."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api.models.view import Derived, View
from app.api.protocol.conditional import NOT_MODIFIED, conditional_json
from app.api.protocol.deps import Admin, Read, RunsReader, Work
from app.api.protocol.documented import ALWAYS, documented
from app.services.fleet.drain_worker import drain_worker
from app.services.fleet.list_workers import VisibleWorker, list_workers

router = APIRouter(prefix="/v1/workers", tags=["workers"], responses=ALWAYS)


class WorkerView(View):
    """One worker process."""

    id: UUID
    """Id of the worker."""
    host: str
    """Name of its machine."""
    pid: int
    """Its process on that machine."""
    devices: list[str]
    """As torch names them: `cpu`, `cuda:0`."""
    device_memory_bytes: list[int]
    """Of each device, in the same order. Runs that need more wait for another worker."""
    slowness: Derived | None
    """Seconds of a training step, measured when it started on its fastest device, over those of the
    formula by which `estimate.seconds` is made. null where it was not measured."""
    slots: int
    """Runs that it can train at the same time."""
    busy_slots: int
    """Runs that it trains now."""
    threads_per_run: int
    """Intra-op threads of each run."""
    release: str
    """Its version of the service, in the form of `info.version` of the OpenAPI document."""
    started_at: datetime
    """When it started."""
    seen_at: datetime
    """The time of its last heartbeat."""
    drain_requested_at: datetime | None
    """Since then it claims nothing; null while it claims runs."""
    run_ids: list[UUID]
    """Runs of the caller's workspace that it trains."""


class WorkerPage(View):
    """All workers, on one page."""

    items: list[WorkerView]
    """Workers, the oldest first."""
    next: str | None
    """Always null: all workers are on one page."""


@router.get(
    "",
    response_model=WorkerPage,
    responses=NOT_MODIFIED,
    operation_id="list_workers",
    summary="List workers",
    response_description="All workers with a recent heartbeat.",
)
def get_workers(request: Request, caller: RunsReader, read: Read) -> Response:
    """Workers with a recent heartbeat, on one page. Workers train runs of all workspaces."""
    workers = read(lambda work: list_workers(work, workspace_id=caller.workspace_id))
    page = WorkerPage(items=[view_worker(seen) for seen in workers], next=None)
    return conditional_json(request, page)


@router.post(
    "/{worker_id}/drain",
    status_code=202,
    responses=documented(404),
    operation_id="drain_worker",
    summary="Drain a worker",
    response_description="The worker, which claims no more runs.",
)
def post_drain(worker_id: UUID, caller: Admin, work: Work) -> WorkerView:
    """For operators. The worker finishes the runs that it trains and claims nothing more.

    It stays listed; once `busy_slots` is 0, to stop it interrupts nothing. On its machine, SIGUSR2
    to the process `pid` does the same, while SIGTERM stops it at once: its runs save checkpoints
    and are queued again.
    """
    return view_worker(
        drain_worker(
            work, caller_workspace_id=caller.workspace_id, worker_id=worker_id, is_drained=True
        )
    )


@router.delete(
    "/{worker_id}/drain",
    responses=documented(404),
    operation_id="undrain_worker",
    summary="End the draining of a worker",
    response_description="The worker, which claims runs again.",
)
def delete_drain(worker_id: UUID, caller: Admin, work: Work) -> WorkerView:
    """For operators. The worker claims runs again."""
    return view_worker(
        drain_worker(
            work, caller_workspace_id=caller.workspace_id, worker_id=worker_id, is_drained=False
        )
    )


def view_worker(seen: VisibleWorker) -> WorkerView:
    worker = seen.worker
    return WorkerView.of(worker, busy_slots=len(worker.run_ids), run_ids=seen.run_ids)
