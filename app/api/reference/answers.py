"""Examples of answers: recorded ones for each operation, and one for each status of errors.

`python -m docs.record_answers` records them. Errors that any operation can answer with are made by
the same functions as the answers themselves.
"""

import json
from functools import cache
from http import HTTPStatus
from importlib.resources import files
from typing import Any

from pydantic import JsonValue

from app.api.protocol.documented import EXAMPLE_SCOPE, example_of
from app.api.protocol.problems import PROBLEM_TYPE, problem_response
from app.domain.errors import (
    ClinicError,
    Forbidden,
    InvalidInput,
    NotFound,
    Problem,
    TooLarge,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
)

_JSON = "application/json"
_WRONG = Problem(
    pointer="/optimizer/learning_rate",
    detail="Input should be greater than 0",
    code="greater_than",
)
_ERRORS: tuple[ClinicError, ...] = (
    Unauthenticated(),
    Forbidden("This API key lacks the scope runs:write."),
    NotFound(),
    InvalidInput(f"The request is not valid. {_WRONG}", problems=[_WRONG]),
    TooLarge(),
    TooManyRequests(limit="key", most=2000, window_s=10, retry_after_s=3),
    Unavailable(),
)
#: Of the framework's errors: status, code and detail.
_FRAMEWORK = (
    (HTTPStatus.BAD_REQUEST, "unreadable_request", "The body is not valid UTF-8."),
    (HTTPStatus.NOT_ACCEPTABLE, "not_acceptable", "Accept one of application/json, text/csv."),
    (
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        "The body must be JSON, with a JSON Content-Type.",
    ),
    (
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "internal_error",
        "The service failed. Its log has the reason under this request id.",
    ),
)


def _framework_example(status: HTTPStatus, code: str, detail: str) -> dict[str, Any]:
    response = problem_response(EXAMPLE_SCOPE, status, code=code, detail=detail)
    return {"summary": code, "value": json.loads(bytes(response.body))}


@cache
def _recorded() -> dict[str, dict[str, JsonValue]]:
    """Operation -> status -> body."""
    text = (files("app.api.reference") / "answers.json").read_text()
    found: dict[str, dict[str, JsonValue]] = json.loads(text)
    return found


def errors_shown() -> dict[str, dict[str, JsonValue]]:
    """Returns status -> example, for the components of the document."""
    shown: list[dict[str, Any]] = [example_of(error) for error in _ERRORS]
    shown += [_framework_example(*problem) for problem in _FRAMEWORK]
    return {_name_of(example): example for example in shown}


def _name_of(example: dict[str, Any]) -> str:
    return f"status_{example['value']['status']}"


def show_answers(operation: dict[str, Any], shared: dict[str, dict[str, Any]]) -> None:
    """Add an example to each answer of the operation that is JSON.

    `shared` are the examples of the document's components, of errors by their codes among others.
    """
    recorded = _recorded().get(operation["operationId"], {})
    for status, answer in operation["responses"].items():
        for media_type, content in answer.get("content", {}).items():
            if media_type == PROBLEM_TYPE:
                examples = content.get("examples") or {f"status_{status}": None}
                content["examples"] = {
                    name: _shared(shared, name, example) for name, example in examples.items()
                }
            elif media_type == _JSON and status in recorded:
                example = {"summary": "As recorded", "value": recorded[status]}
                content["examples"] = {"recorded": example}


def _shared(
    shared: dict[str, dict[str, Any]], name: str, example: dict[str, Any] | None
) -> dict[str, Any]:
    """Returns a reference to the shared example, unless another one has its name."""
    is_shared = example is None or shared.setdefault(name, example) == example
    return {"$ref": f"#/components/examples/{name}"} if is_shared else example or {}
