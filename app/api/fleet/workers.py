"""Route for workers: which exist, with which devices, and which runs they train."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api.models.view import View
from app.api.protocol.conditional import NOT_MODIFIED, conditional_json
from app.api.protocol.deps import RunsReader, Work
from app.api.protocol.problems import ALWAYS
from app.services.fleet.list_workers import VisibleWorker, list_workers

router = APIRouter(prefix="/v1/workers", tags=["service"], responses=ALWAYS)


class WorkerView(View):
    """One worker process."""

    id: UUID
    host: str
    pid: int
    devices: list[str]
    """As torch names them: `cpu`, `cuda:0`."""
    slots: int
    """Runs that it can train at the same time."""
    busy_slots: int
    """Runs that it trains now."""
    threads_per_run: int
    """Intra-op threads of each run."""
    release: str
    """Its version of the service, in the form of `info.version` of the OpenAPI document."""
    started_at: datetime
    seen_at: datetime
    """The time of its last heartbeat."""
    run_ids: list[UUID]
    """Runs of the caller's workspace that it trains."""


class WorkerPage(View):
    items: list[WorkerView]
    next: str | None


@router.get("", response_model=WorkerPage, responses=NOT_MODIFIED, summary="List workers")
def get_workers(request: Request, caller: RunsReader, work: Work) -> Response:
    """Workers with a recent heartbeat, on one page. Workers train runs of all workspaces."""
    workers = list_workers(work, workspace_id=caller.workspace_id)
    page = WorkerPage(items=[_view(seen) for seen in workers], next=None)
    return conditional_json(request, page)


def _view(seen: VisibleWorker) -> WorkerView:
    worker = seen.worker
    return WorkerView.of(worker, busy_slots=len(worker.run_ids), run_ids=seen.run_ids)
