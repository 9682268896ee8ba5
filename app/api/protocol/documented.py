"""What the OpenAPI document says of the problems that an operation can answer with."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from pydantic import JsonValue

from app.api.protocol.problems import PROBLEM_TYPE, clinic_error_response, status_of
from app.domain.errors import ClinicError

#: Answers of an operation besides its success, as FastAPI takes them.
Responses = dict[int | str, dict[str, JsonValue]]

#: Of problems that mean the same in every operation. A 409 or 410 has a reason in each operation.
_MEANINGS: Mapping[int, str] = MappingProxyType(
    {
        400: "The request cannot be read, for example because its text is not UTF-8.",
        401: "The key is missing, unknown, expired or revoked.",
        403: "The key lacks a scope, or its workspace is suspended.",
        404: "Nothing has this id, or it belongs to another workspace.",
        406: "`Accept` names no media type of this operation.",
        413: "The request is larger than the service accepts.",
        415: "The `Content-Type` is none that this operation reads.",
        422: "The request breaks a rule. `errors` names each place and its rule.",
        429: "There are too many requests, or a quota is used up. `Retry-After` is in seconds.",
        500: "The service failed. Its log has the reason under `request_id`.",
        503: "A part of the service cannot be reached. `Retry-After` is in seconds.",
    }
)
#: The request that the examples answer.
EXAMPLE_SCOPE = {"path": "/v1/runs", "state": {"request_id": "5f0c3e0a9b4d4d0e8f7a6b5c4d3e2f10"}}


def documented(*problems: int | ClinicError) -> Responses:
    """Returns the `responses` of an operation that can answer with these problems.

    A problem is a status whose meaning is the same in every operation, or an error of this
    operation alone, which becomes an example.
    """
    answers: Responses = {}
    for status in problems:
        if isinstance(status, int):
            answers[status] = _answer(_MEANINGS[status], {})
    errors = [error for error in problems if isinstance(error, ClinicError)]
    for status in sorted({int(status_of(error)) for error in errors}):
        mine = [error for error in errors if status_of(error) == status]
        examples: dict[str, JsonValue] = {error.code: example_of(error) for error in mine}
        answers[status] = _answer(_reasons(mine), examples)
    return answers


def problem_answer(status: HTTPStatus, meaning: str) -> Responses:
    """Returns the `responses` with a problem that has a meaning of its own in one operation."""
    return {int(status): _answer(meaning, {})}


def example_of(error: ClinicError) -> dict[str, Any]:
    """Returns the error's answer as an example of OpenAPI."""
    body = json.loads(bytes(clinic_error_response(EXAMPLE_SCOPE, error).body))
    return {"summary": error.code, "value": body}


def _answer(description: str, examples: dict[str, JsonValue]) -> dict[str, JsonValue]:
    content: dict[str, JsonValue] = {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}
    if examples:
        content["examples"] = examples
    return {"description": description, "content": {PROBLEM_TYPE: content}}


def _reasons(errors: Sequence[ClinicError]) -> str:
    reasons = [f"`{error.code}`: {error.detail}" for error in errors]
    return reasons[0] if len(reasons) == 1 else "\n".join(f"- {reason}" for reason in reasons)


#: Problems of every operation that needs a key.
ALWAYS = documented(400, 401, 403, 413, 422, 429, 500, 503)
