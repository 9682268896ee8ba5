"""Routes for data sets: upload the bytes of a file, list, read, delete."""

from typing import Annotated
from uuid import UUID

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from pydantic import JsonValue
from starlette.responses import Response

from app.api.data.forms import check_request, placed_in_form
from app.api.data.receiving import IdempotentUpload, ReceivedFile
from app.api.models.dataset import (
    DatasetPage,
    DatasetView,
    DryUploadView,
    UploadQuery,
    view_dataset,
)
from app.api.protocol.bodies import UploadRoute
from app.api.protocol.conditional import NOT_MODIFIED, conditional_json
from app.api.protocol.deps import DatasetsReader, DatasetsWriter, ProcessResources, Read, Work
from app.api.protocol.documented import ALWAYS, documented
from app.api.protocol.idempotency import Answer
from app.api.protocol.pages import DEFAULT_LIMIT, Cursor, Limit, next_page, read_cursor
from app.api.protocol.root_path import at
from app.domain.errors import IdempotencyInFlight, InUse
from app.domain.uploads import CheckedUpload
from app.services.data.delete_dataset import delete_dataset
from app.services.data.get_dataset import get_dataset
from app.services.data.list_datasets import list_datasets
from app.services.data.upload_dataset import upload_dataset
from app.store.database import UnitOfWork

router = APIRouter(
    prefix="/v1/datasets", tags=["datasets"], responses=ALWAYS, route_class=UploadRoute
)

_CSV_EXAMPLE = "month,co2\n1958-03,315.71\n1958-04,317.45\n1958-05,317.5\n1958-06,\n"
_BODY: dict[str, JsonValue] = {
    "required": True,
    "description": (
        "The content of the file; or a form with the parts `file` and, as JSON, `reader`, which "
        "has options of the same names as the query."
    ),
    "content": {
        "text/csv": {"schema": {"type": "string"}, "example": _CSV_EXAMPLE},
        "text/plain": {"schema": {"type": "string"}, "example": "To be, or not to be"},
        "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        "multipart/form-data": {
            "schema": {"$ref": "#/components/schemas/DatasetForm"},
            "encoding": {"reader": {"contentType": "application/json"}},
            "example": {
                "file": "tag;menge\n1/2/2024;1.234,5\n2/2/2024;-99\n",
                "reader": {"day_first": True, "decimal": ",", "thousands": ".", "sentinels": [-99]},
            },
        },
    },
}


@router.post(
    "",
    status_code=201,
    response_model=DatasetView,
    responses={
        **documented(415, IdempotencyInFlight()),
        200: {"model": DryUploadView, "description": "With `dry_run=true`. Nothing is stored."},
    },
    openapi_extra={"requestBody": _BODY},
    operation_id="create_dataset",
    summary="Upload a data set",
    response_description="The data set with its profile. `Location` is its address.",
)
async def post_dataset(
    caller: DatasetsWriter,
    resources: ProcessResources,
    received: ReceivedFile,
    idempotent: IdempotentUpload,
    query: Annotated[UploadQuery, Query()],
) -> Response:
    """The whole file is checked first. Errors name the row and the column, and nothing is stored.

    CSV, JSON lines and Parquet, packed with gzip or not. `profile.reader` says of each option what
    it was and why, and `profile.preview` shows the first rows as they were understood. Options go
    in the query or in the part `reader` of a form; where both name one, they must agree.
    Checks take turns that are fair between workspaces; 429 where none came in time.
    """
    content, given = received.content, received.given
    asked = check_request(query, given)

    def check() -> CheckedUpload:
        with placed_in_form(given):
            return resources.upload_checks.check(
                caller.workspace_id, asked, content.file, stored=received.stored
            )

    def check_and_store(work: UnitOfWork) -> Answer:
        checked = check()
        dataset = upload_dataset(
            work,
            workspace_id=caller.workspace_id,
            name=query.name,
            kind=checked.kind,
            content=content,
            stored=received.stored,
            profile=checked.profile.model_dump(mode="json"),
            quotas=resources.settings.quotas,
        )
        return _created(view_dataset(dataset))

    # threads of its own, because a check would keep one of the other requests' threads for long
    if query.dry_run:
        checked = await to_thread.run_sync(check, limiter=resources.upload_threads)
        view = DryUploadView.of(checked, num_bytes=content.num_bytes, sha256=content.sha256.hex())
        return Response(view.model_dump_json(), media_type="application/json")
    return await to_thread.run_sync(
        idempotent.answer, check_and_store, limiter=resources.upload_threads
    )


@router.get(
    "",
    response_model=DatasetPage,
    responses=NOT_MODIFIED,
    operation_id="list_datasets",
    summary="List data sets",
    response_description="A page of the data sets of the workspace.",
)
def get_datasets(
    request: Request,
    caller: DatasetsReader,
    read: Read,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """Newest first."""
    found = read(
        lambda work: list_datasets(
            work, workspace_id=caller.workspace_id, limit=limit, after=read_cursor(cursor)
        )
    )
    items = [view_dataset(dataset) for dataset in found.items]
    following = next_page(request, found.last)
    return conditional_json(request, DatasetPage(items=items, next=following))


@router.get(
    "/{dataset_id}",
    response_model=DatasetView,
    responses={**NOT_MODIFIED, **documented(404)},
    operation_id="get_dataset",
    summary="Read a data set",
    response_description="The data set with its profile.",
)
def get_one_dataset(
    request: Request, dataset_id: UUID, caller: DatasetsReader, read: Read
) -> Response:
    found = read(
        lambda work: get_dataset(work, workspace_id=caller.workspace_id, dataset_id=dataset_id)
    )
    return conditional_json(request, view_dataset(found))


@router.delete(
    "/{dataset_id}",
    status_code=204,
    responses=documented(404, InUse()),
    operation_id="delete_dataset",
    summary="Delete a data set",
    response_description="The data set and its file are deleted.",
)
def remove_dataset(dataset_id: UUID, caller: DatasetsWriter, work: Work) -> None:
    """409 while a queued or running run needs it. Ended runs keep their readings."""
    delete_dataset(work, workspace_id=caller.workspace_id, dataset_id=dataset_id)


def _created(view: DatasetView) -> Answer:
    return Answer(status=201, body=view, headers={"Location": at(f"/v1/datasets/{view.id}")})
