"""The page of the fleet: workers with their slots, runs that wait, with reasons, and storage."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api.fleet.storage import view_storage
from app.api.fleet.workers import view_worker
from app.api.models.run import view_run
from app.api.protocol.deps import ApiSettings, ArtifactWatch, Read, RunsReader
from app.dashboard.pages import PageRoute, render
from app.services.fleet.list_workers import list_workers
from app.services.fleet.measure_artifacts import measure_artifacts
from app.services.fleet.measure_storage import measure_storage
from app.services.runs.list_runs import list_runs
from app.store.run_lists import RunFilters

router = APIRouter(include_in_schema=False, route_class=PageRoute)

#: Runs of one table of the page.
MAX_RUNS = 50


@router.get("/fleet")
def get_fleet(
    request: Request,
    caller: RunsReader,
    read: Read,
    artifacts: ArtifactWatch,
    settings: ApiSettings,
) -> Response:
    """`GET /v1/workers` is its JSON twin, and `GET /v1/storage` that of its last part."""
    workspace_id = caller.workspace_id
    workers = read(lambda work: list_workers(work, workspace_id=workspace_id))
    storage = read(
        lambda work: measure_storage(work, workspace_id=workspace_id, quotas=settings.quotas)
    )
    listed = {
        status: read(
            lambda work, status=status: list_runs(  # type: ignore[misc]
                work,
                workspace_id=workspace_id,
                filters=RunFilters(statuses=(status,)),
                limit=MAX_RUNS,
                after=None,
            )
        )
        for status in ("queued", "running", "failed")
    }
    return render(
        request,
        "fleet.html",
        twin="/v1/workers",
        workers=[view_worker(one) for one in workers],
        storage=view_storage(storage, measure_artifacts(artifacts)),
        tables={
            status: [view_run(one.run, waiting_for=one.waiting_for) for one in found.items]
            for status, found in listed.items()
        },
    )
