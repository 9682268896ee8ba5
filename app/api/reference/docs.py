"""The OpenAPI document and its page. The app serves all assets; no script is inline."""

import json
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from pydantic import JsonValue
from starlette.responses import Response

from app.api.protocol.conditional import conditional
from app.api.protocol.problems import ProblemDocument
from app.api.reference.rule_codes import RULE_CODES
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
_FILES = MappingProxyType(
    {
        "swagger-ui-bundle.js": (_ASSETS, "text/javascript"),
        "swagger-ui.css": (_ASSETS, "text/css"),
        "start.js": (_OWN, "text/javascript"),
        "docs.css": (_OWN, "text/css"),
    }
)
_DAY = "public, max-age=86400"

DESCRIPTION = f"""
Trains recurrent networks and diagnoses, with evidence, whether the gradient reaches as far back in
time as the task needs, why it does not, and what to change.

**A first run**, with the admin key in `$KEY`:

```
curl -s localhost:8000/v1/runs \\
  -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" \\
  -d '{{"model": {{"kind": "elman"}}, "dataset": {{"kind": "adding", "length": 200}}}}'
curl -s "localhost:8000/v1/runs/$ID?until=ended&wait_s=60" -H "Authorization: Bearer $KEY"
curl -s localhost:8000/v1/runs/$ID/diagnosis -H "Authorization: Bearer $KEY"
```

Errors are `application/problem+json` (RFC 9457). `errors[].pointer` is the place in the body. These
codes belong to rules that no schema can state, since they concern several fields or stored data
(`info.x-rule-codes` in the document): `{"`, `".join(RULE_CODES)}`.

Numbers that are not finite are `null`. Lists come in pages: follow `next`. With an
`Idempotency-Key` a POST that creates can be repeated for 24 hours and creates once. To poll, send
the last `ETag` as `If-None-Match`.
"""


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
    """The document as it was rendered once: it is large, and anybody may ask for it."""
    return conditional(request, request.app.state.openapi_document(), media_type="application/json")


def install_openapi(app: FastAPI) -> None:
    """Make the app's OpenAPI document once, and its JSON, with problem documents for all errors."""

    def openapi() -> dict[str, JsonValue]:
        if app.openapi_schema is None:
            app.openapi_schema = _describe(app)
        return app.openapi_schema

    @cache
    def openapi_document() -> bytes:
        return json.dumps(openapi(), ensure_ascii=False).encode()

    app.openapi = openapi  # type: ignore[method-assign] # FastAPI's documented way
    app.state.openapi_document = openapi_document


def _describe(app: FastAPI) -> dict[str, JsonValue]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=DESCRIPTION,
        routes=app.routes,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        tags=app.openapi_tags,
    )
    schemas = document["components"]["schemas"]
    problem = ProblemDocument.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs"))
    schemas["ProblemDocument"] = problem
    document["info"]["x-rule-codes"] = list(RULE_CODES)
    _drop_null_from_parameters(document)
    return document


def _drop_null_from_parameters(document: dict[str, Any]) -> None:
    """Remove null from schemas of parameters: a URL or a header cannot contain it."""
    for operations in document["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                schema = parameter["schema"]
                forms = [form for form in schema.pop("anyOf", ()) if form != {"type": "null"}]
                schema.update({"anyOf": forms} if len(forms) > 1 else dict(*forms))
