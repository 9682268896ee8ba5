"""The OpenAPI document: what FastAPI finds in the routes, made readable for people and programs."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from app.api.models.dataset import FORM_SCHEMA
from app.api.models.events import STREAM_SCHEMA
from app.api.models.prediction import PredictionBody
from app.api.protocol.problems import ProblemDocument
from app.api.reference.answers import errors_shown, show_answers
from app.api.reference.description import DESCRIPTION, TAGS
from app.api.reference.names import SCHEMAS, name_inline_schemas, name_parameters, rename_schemas
from app.api.reference.operations import complete
from app.api.reference.rule_codes import RULE_CODES
from app.api.reference.samples import samples_of
from app.api.reference.schemas import require_discriminators, tidy
from app.domain.reader_options import ReaderOptions

#: Models of bodies and answers that FastAPI does not see, because routes read them themselves.
_UNSEEN = (ProblemDocument, PredictionBody, ReaderOptions)


def describe(app: FastAPI) -> dict[str, Any]:
    """Returns the document of the app's routes."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=DESCRIPTION,
        routes=app.routes,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        tags=TAGS,
    )
    document["info"]["x-rule-codes"] = list(RULE_CODES)
    schemas = document["components"]["schemas"]
    for model in _UNSEEN:
        schema = model.model_json_schema(ref_template=f"{SCHEMAS}{{model}}")
        schemas.update(schema.pop("$defs", {}))
        schemas[model.__name__] = schema
    schemas["StreamedEvent"] = deepcopy(STREAM_SCHEMA)
    schemas["DatasetForm"] = deepcopy(FORM_SCHEMA)
    rename_schemas(document)
    schemas = document["components"]["schemas"]
    for schema in (*schemas.values(), *_schemas_of_operations(document)):
        tidy(schema)
    name_inline_schemas(schemas)
    require_discriminators(schemas)
    _drop_null_from_parameters(document)
    examples = document["components"]["examples"] = errors_shown()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            name_parameters(schemas, operation)
            complete(operation)
            show_answers(operation, examples)
            operation["x-codeSamples"] = samples_of(method, path, operation)
    return document


def name_of_function(route: APIRoute) -> str:
    """The id of an operation that names none itself."""
    return route.name


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        yield from path.values()


def _schemas_of_operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for operation in _operations(document):
        for parameter in operation.get("parameters", ()):
            yield parameter["schema"]
        for place in (operation.get("requestBody", {}), *operation["responses"].values()):
            for content in place.get("content", {}).values():
                if "schema" in content:
                    yield content["schema"]


def _drop_null_from_parameters(document: dict[str, Any]) -> None:
    """Remove null from schemas of parameters: a URL or a header cannot contain it."""
    for operation in _operations(document):
        for parameter in operation.get("parameters", ()):
            schema = parameter["schema"]
            forms = [form for form in schema.pop("anyOf", ()) if form != {"type": "null"}]
            schema.update({"anyOf": forms} if len(forms) > 1 else dict(*forms))
