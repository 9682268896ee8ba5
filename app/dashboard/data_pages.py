"""The pages of data sets: the list with the upload, and what is known of one."""

from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api.models.dataset import view_dataset
from app.api.protocol.deps import DatasetsReader, Read
from app.api.protocol.pages import DEFAULT_LIMIT, Cursor, next_page, read_cursor
from app.dashboard.pages import PageRoute, render
from app.domain.access import Scope
from app.services.data.get_dataset import get_dataset
from app.services.data.list_datasets import list_datasets

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get("/datasets")
def get_dataset_list(
    request: Request, caller: DatasetsReader, read: Read, cursor: Cursor = None
) -> Response:
    """`GET /v1/datasets` is its JSON twin."""
    found = read(
        lambda work: list_datasets(
            work, workspace_id=caller.workspace_id, limit=DEFAULT_LIMIT, after=read_cursor(cursor)
        )
    )
    return render(
        request,
        "dataset_list.html",
        twin="/v1/datasets",
        datasets=[view_dataset(one) for one in found.items],
        next=next_page(request, found.last),
        can_upload=Scope.DATASETS_WRITE in caller.scopes,
    )


@router.get("/datasets/{dataset_id}")
def get_dataset_page(
    request: Request, dataset_id: UUID, caller: DatasetsReader, read: Read
) -> Response:
    """`GET /v1/datasets/{dataset_id}` is its JSON twin."""
    found = read(
        lambda work: get_dataset(work, workspace_id=caller.workspace_id, dataset_id=dataset_id)
    )
    return render(
        request,
        "dataset.html",
        twin=f"/v1/datasets/{dataset_id}",
        dataset=view_dataset(found),
        can_upload=Scope.DATASETS_WRITE in caller.scopes,
    )
