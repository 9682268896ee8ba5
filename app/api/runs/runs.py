"""Routes for runs: submit, list, read, wait for, label, cancel, delete."""

from contextlib import nullcontext
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Query, Request
from starlette.responses import Response

from app.api.models.dry_run import DryRunView, view_dry_run
from app.api.models.run import RunPage, RunView, view_run
from app.api.models.run_detail import RunDetailView
from app.api.models.run_query import (
    FIELDS,
    INCLUDE,
    MAX_PARTS,
    MAX_VALUES,
    DetailFields,
    Included,
    RunLabels,
    RunQuery,
    only,
    only_in_items,
)
from app.api.protocol.bodies import JsonRoute
from app.api.protocol.conditional import NOT_MODIFIED, conditional_json
from app.api.protocol.deps import (
    ApiSettings,
    Artifacts,
    ProcessResources,
    Queue,
    Read,
    RunsReader,
    RunsWriter,
    Work,
)
from app.api.protocol.documented import ALWAYS, documented
from app.api.protocol.idempotency import Answer, Idempotent
from app.api.protocol.problems import queue_headers
from app.api.protocol.root_path import at
from app.api.reference.examples import LABEL_EXAMPLES, RUN_EXAMPLES
from app.api.runs.detail import RunSources
from app.api.runs.listing import list_page
from app.api.runs.waiting import wait_for_end
from app.domain.errors import IdempotencyInFlight, IllegalTransition
from app.domain.specs.dataset.base import UploadedDataset
from app.domain.specs.job import JobSpec
from app.services.runs.cancel_run import cancel_run
from app.services.runs.check_rows import check_rows_if_cheap
from app.services.runs.delete_run import delete_run
from app.services.runs.describe_run import DescribedRun
from app.services.runs.dry_run import dry_run as dry_run_of
from app.services.runs.edit_run import edit_run
from app.services.runs.submit_run import SubmittedRun, submit_run
from app.store.database import UnitOfWork

router = APIRouter(prefix="/v1/runs", tags=["runs"], responses=ALWAYS, route_class=JsonRoute)

MAX_WAIT_S = 60.0
#: Shorter than the timeout of most HTTP clients.
DEFAULT_WAIT_S = 20.0


@router.post(
    "",
    status_code=201,
    response_model=RunView,
    responses={
        200: {"model": DryRunView, "description": "With `dry_run=true`. Nothing is stored."},
        **documented(415, IdempotencyInFlight()),
    },
    operation_id="create_run",
    summary="Submit a run",
    response_description="The run, which is queued. `Location` is its address.",
)
def post_run(
    spec: Annotated[JobSpec, Body(openapi_examples=RUN_EXAMPLES)],
    caller: RunsWriter,
    read: Read,
    queue: Queue,
    settings: ApiSettings,
    resources: ProcessResources,
    idempotent: Idempotent,
    *,
    dry_run: Annotated[
        bool, Query(description="Check the spec and estimate its cost. Nothing is stored.")
    ] = False,
) -> Response:
    """Queue the training that the job spec describes. A free worker starts it at once.

    All fields except `model.kind` and `dataset.kind` have defaults. The answer contains the
    complete spec. The rows of a small upload are checked as a worker would check them. With
    `dry_run=true` those of a large one are checked too, and a warning names series that would be
    left out.
    """
    if dry_run:
        has_rows = isinstance(spec.dataset, UploadedDataset)
        place = resources.dry_run_places.place(caller.workspace_id) if has_rows else nullcontext()
        with place:
            checked = dry_run_of(
                read.engine,
                workspace_id=caller.workspace_id,
                spec=spec,
                time_limits=settings.time_limits,
            )
        return Response(view_dry_run(checked).model_dump_json(), media_type="application/json")

    def submit(work: UnitOfWork) -> Answer:
        # before `work` is used, so that no transaction of its own is open meanwhile
        check_rows_if_cheap(
            read.engine,
            workspace_id=caller.workspace_id,
            spec=spec,
            time_limits=settings.time_limits,
        )
        submitted = submit_run(
            work,
            queue=queue,
            workspace_id=caller.workspace_id,
            spec=spec,
            quotas=settings.quotas,
            time_limits=settings.time_limits,
        )
        return created(submitted)

    return idempotent.answer(submit)


@router.get(
    "",
    response_model=RunPage,
    responses=NOT_MODIFIED,
    operation_id="list_runs",
    summary="List runs",
    response_description="A page of the runs that match all filters.",
)
def get_runs(
    request: Request,
    query: Annotated[RunQuery, Query()],
    caller: RunsReader,
    read: Read,
    resources: ProcessResources,
) -> Response:
    """Newest first, or by `sort`.

    A repeated filter matches any of its values; `tag` and `metric` match all of them. All filters
    must match.
    """
    page = list_page(request, query, caller=caller, read=read, resources=resources)
    return conditional_json(request, page, only=only_in_items(query.fields))


async def _until_ended(
    run_id: UUID,
    caller: RunsReader,
    resources: ProcessResources,
    until: Annotated[
        Literal["ended"] | None, Query(description="Answer when the run has ended.")
    ] = None,
    wait_s: Annotated[
        float,
        Query(ge=0, le=MAX_WAIT_S, allow_inf_nan=False, description="Seconds to wait at most."),
    ] = DEFAULT_WAIT_S,
) -> None:
    """Wait for the end of the run where the query asks for it."""
    if until is not None:
        await wait_for_end(resources.event_hub, caller=caller, run_id=run_id, timeout_s=wait_s)


@router.get(
    "/{run_id}",
    response_model=RunDetailView,
    responses={**NOT_MODIFIED, **documented(404)},
    dependencies=[Depends(_until_ended)],
    operation_id="get_run",
    summary="Read a run",
    response_description="The run as it is now, with the parts that `include` names.",
)
def get_one_run(
    request: Request,
    run_id: UUID,
    caller: RunsReader,
    read: Read,
    resources: ProcessResources,
    include: Annotated[Included, Query(description=INCLUDE, max_length=MAX_PARTS)] = (),
    fields: Annotated[DetailFields, Query(description=FIELDS, max_length=MAX_VALUES)] = (),
) -> Response:
    """`?until=ended&wait_s=60` is answered when the run has ended, or after 60 seconds.

    With `fields` the answer has those fields and `id` alone.
    """
    sources = RunSources(read=read, caller=caller, run_id=run_id)
    return conditional_json(request, sources.detail(resources, include), only=only(fields))


@router.patch(
    "/{run_id}",
    responses=documented(404, 415),
    operation_id="update_run",
    summary="Relabel a run",
    response_description="The run with its new name, tags and notes.",
)
def patch_run(
    run_id: UUID,
    labels: Annotated[
        RunLabels, Body(media_type="application/merge-patch+json", openapi_examples=LABEL_EXAMPLES)
    ],
    caller: RunsWriter,
    work: Work,
) -> RunView:
    """Merge patch (RFC 7396) of name, tags and notes. Null empties one. The spec is unchanged."""
    changes = labels.changes()
    return _view(
        edit_run(
            work,
            workspace_id=caller.workspace_id,
            run_id=run_id,
            name=changes.name,
            tags=changes.tags,
            notes=changes.notes,
        )
    )


@router.post(
    "/{run_id}/cancel",
    status_code=202,
    responses=documented(404, IllegalTransition("The run has ended.")),
    operation_id="cancel_run",
    summary="Cancel a run",
    response_description=(
        "The run. Its status is `cancelled`, or it changes to that at the worker's next heartbeat."
    ),
)
def post_cancel(run_id: UUID, caller: RunsWriter, work: Work) -> RunView:
    """A queued run is cancelled at once, a running run at its worker's next heartbeat."""
    return _view(cancel_run(work, workspace_id=caller.workspace_id, run_id=run_id))


@router.delete(
    "/{run_id}",
    status_code=204,
    responses=documented(404),
    operation_id="delete_run",
    summary="Delete a run",
    response_description="The run and everything it left are deleted.",
)
def remove_run(run_id: UUID, caller: RunsWriter, work: Work, artifacts: Artifacts) -> None:
    """Deletes telemetry, log, diagnosis and files too. A worker that trains the run stops."""
    delete_run(work, artifacts=artifacts, workspace_id=caller.workspace_id, run_id=run_id)


def _view(described: DescribedRun) -> RunView:
    return view_run(
        described.run,
        waiting_for=described.waiting_for,
        score_details=described.score_details,
    )


def created(submitted: SubmittedRun) -> Answer:
    view = _view(submitted.described)
    headers = {"Location": at(view.links.self), **queue_headers(submitted.room)}
    return Answer(status=201, body=view, headers=headers)
