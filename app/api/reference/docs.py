"""The OpenAPI document and its page. The app serves all assets; no script is inline."""

from importlib.resources import files
from types import MappingProxyType

from fastapi import APIRouter, FastAPI, Request
from pydantic import JsonValue
from starlette.responses import Response

from app.api.reference.document import describe
from app.api.reference.published import PublishedDocument
from app.domain.errors import NotFound

router = APIRouter(include_in_schema=False)

#: The files of Swagger UI, from a wheel.
_ASSETS = files("fastapi_offline") / "static"
_OWN = files("app.api") / "static"
#: Swagger UI uses inline styles, and data URLs for icons; no script is inline.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
#: Ours; `start` loads the others but for `theme`, which comes before the page is drawn.
_SCRIPTS = ("theme", "start", "samples", "errors", "filter", "names", "summary")
_FILES = MappingProxyType(
    {
        "swagger-ui-bundle.js": (_ASSETS, "text/javascript"),
        "swagger-ui.css": (_ASSETS, "text/css"),
        "docs.css": (_OWN, "text/css"),
        **{f"{name}.js": (_OWN, "text/javascript") for name in _SCRIPTS},
    }
)
_DAY = "public, max-age=86400"


@router.get("/docs")
def get_docs() -> Response:
    page = (_OWN / "docs.html").read_bytes()
    return Response(page, media_type="text/html", headers={"Content-Security-Policy": _POLICY})


@router.get("/docs/{name}")
def get_docs_file(name: str) -> Response:
    known = _FILES.get(name)
    if known is None:
        raise NotFound
    folder, media_type = known
    content = (folder / name).read_bytes()
    return Response(content, media_type=media_type, headers={"Cache-Control": _DAY})


@router.get("/openapi.json")
async def get_openapi_document(request: Request) -> Response:
    published: PublishedDocument = request.app.state.published_document
    return await published.answer(request)


def install_openapi(app: FastAPI) -> None:
    """Make the app's OpenAPI document once, with problem documents for all errors."""

    def openapi() -> dict[str, JsonValue]:
        if app.openapi_schema is None:
            app.openapi_schema = describe(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign] # FastAPI's documented way
    app.state.published_document = PublishedDocument(openapi)
