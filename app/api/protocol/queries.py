r"""Refuses unknown query parameters and texts that are numbers only to Python.

With a misspelt `dry_run` a run would be stored. Python reads `"1_0"`, `" 7"` and `"7\x85"` as
numbers; JSON Schema, by which clients check a query, reads none of them as one.
"""

import re
from collections.abc import Iterator
from typing import Any

from fastapi import Request

from app.domain.errors import MAX_PROBLEMS, InvalidInput, Problem

#: A character of no JSON number. Letters are left to the parameter's own type.
_NOT_OF_A_NUMBER = re.compile(r"[^0-9A-Za-z.+-]")


async def refuse_unknown_query(request: Request) -> None:
    """Raise InvalidInput for a parameter that the OpenAPI document does not name.

    Also for a number that is written with spaces or underscores.

    Health checks and the docs accept any query, since load balancers and caches add parameters.
    """
    given = set(request.query_params)
    operation = _operation_of(request) if given else None
    if operation is None:
        return
    schemas = {
        part["name"]: part["schema"]
        for part in operation.get("parameters", ())
        if part["in"] == "query"
    }
    problems = [*_unknown(given, schemas), *_badly_written(request, schemas)][:MAX_PROBLEMS]
    if problems:
        detail = f"The request is not valid. {problems[0]}."
        raise InvalidInput(detail, problems=problems)


def _unknown(given: set[str], schemas: dict[str, Any]) -> Iterator[Problem]:
    known = ", ".join(sorted(schemas)) or "none"
    for name in sorted(given - set(schemas))[:MAX_PROBLEMS]:
        yield Problem(
            pointer=f"query/{name}",
            detail=f"There is no such parameter. Known are {known}",
            code="extra_forbidden",
        )


def _badly_written(request: Request, schemas: dict[str, Any]) -> Iterator[Problem]:
    for name, text in request.query_params.multi_items():
        if name in schemas and _is_number(schemas[name]) and _NOT_OF_A_NUMBER.search(text):
            yield Problem(
                pointer=f"query/{name}",
                detail="must be a number without spaces or underscores",
                code="not_a_number",
            )


def _is_number(schema: dict[str, Any]) -> bool:
    kinds = {part.get("type") for part in schema.get("anyOf", [schema])}
    return bool(kinds & {"integer", "number"}) and "string" not in kinds


def _operation_of(request: Request) -> dict[str, Any] | None:
    path = getattr(request.scope.get("route"), "path", "")
    if not path.startswith("/v1/"):
        return None
    operation: dict[str, Any] | None = request.app.openapi()["paths"][path].get(
        request.method.lower()
    )
    return operation
