"""GET /v1/catalog: every kind, quantity, finding, cause and remedy, with one line on each."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api.models.catalog import CatalogView, view_catalog
from app.api.protocol.conditional import NOT_MODIFIED, conditional_json
from app.api.protocol.deps import SignedIn
from app.api.protocol.documented import ALWAYS
from app.services.read_catalog import read_catalog

router = APIRouter(prefix="/v1/catalog", tags=["catalogue"])


@router.get(
    "",
    summary="Read the catalogue",
    response_description="The whole catalogue.",
    response_model=CatalogView,
    responses={**NOT_MODIFIED, **ALWAYS},
)
def get_catalog(request: Request, _caller: SignedIn) -> Response:
    """Kinds of models, data and so on; quantities that are measured; findings, causes and remedies.

    Any valid key may read it.
    """
    return conditional_json(request, view_catalog(read_catalog()))
