"""Checks an answer of chosen `fields`: it may lack what the document requires, and nothing else.

The document describes whole runs, so that clients in typed languages need not ask of each field
whether it is there.
"""

import copy
from http import HTTPStatus
from typing import Any

import jsonschema_rs
import schemathesis
from schemathesis.checks import CheckContext
from schemathesis.core.transport import Response

#: Operations with `fields`, and the schema of what has those fields.
CHOSEN = {"GET /v1/runs": "Run", "GET /v1/runs/{run_id}": "RunDetail"}
#: For the settings of a fuzzer.
CHECKED_HERE = [
    {"include-name": label, "checks": {"response_schema_conformance": {"enabled": False}}}
    for label in CHOSEN
]


@schemathesis.check
def response_of_chosen_fields(
    _ctx: CheckContext, response: Response, case: schemathesis.Case[Any]
) -> None:
    """Raises AssertionError where the answer has a value that the document does not allow."""
    schema_name = CHOSEN.get(case.operation.label)
    if schema_name is None or response.status_code != HTTPStatus.OK:
        return
    document = case.operation.schema.raw_schema
    components = document["components"]
    if "fields" in case.query:
        components = copy.deepcopy(components)
        components["schemas"][schema_name]["required"] = ["id"]
    content = document["paths"][case.operation.path]["get"]["responses"]["200"]["content"]
    schema = {**content["application/json"]["schema"], "components": components}
    errors = list(jsonschema_rs.iter_errors(schema, response.json()))
    assert not errors, f"response_schema_conformance: {case.operation.label}: {errors[0]}"
