"""Every numeric field of every body against numbers that break naive services."""

import json
from typing import Any, cast

import jsonschema_rs
import pytest
from fastapi._compat import ModelField
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic_core import ErrorDetails

from app.api.protocol.bodies import is_json
from app.api.protocol.pointers import problems_of
from app.api.protocol.strict_json import parse_json
from app.api.reference.rule_codes import RULE_CODES
from app.domain.errors import InvalidInput, Problem
from app.main import create_app
from app.settings import Settings
from tests.api.installation import SECRET
from tests.api.numeric_places import numeric_places

#: As they stand in the text of a body.
HOSTILE = [
    *("NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1e-400", "-0", "-0.0", "0.5", "-1"),
    *(str(2**31), str(2**63), str(2**64), "9" * 401, "9" * 5000, "1e308", "5e-324"),
    *('"1"', '"NaN"', "true", "null", "[]", "{}", "[1]", '"\\ud800"', '"\\u0000"'),
]


#: By operation: what reads its JSON body, and the body's schema.
Bodies = dict[str, tuple[ModelField, dict[str, Any]]]


@pytest.fixture(scope="module")
def bodies(tmp_path_factory: pytest.TempPathFactory) -> Bodies:
    settings = Settings(
        home=tmp_path_factory.mktemp("home"),
        secret=SECRET,
        database_url="postgresql+psycopg://nowhere/none",
        broker_url="redis://nowhere",
    )
    app = create_app(settings)
    document = app.openapi()
    readers = {
        f"{method} {route.path}": route.body_field
        for route in iter_route_contexts(app.routes)
        if isinstance(route.original_route, APIRoute)
        for method in route.methods or ()
    }
    found = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
                if is_json(media_type):
                    name = f"{method.upper()} {path}"
                    schema = {**content["schema"], "components": document["components"]}
                    found[name] = (readers[name], schema)
    return found


def refusals(reader: ModelField, document: object) -> list[Problem]:
    """What the framework and the specs say of a body."""
    _, errors = reader.validate(document, {}, loc=("body",))
    return problems_of(cast("list[ErrorDetails]", errors), body=document)


def strict_problems(text: str) -> list[Problem]:
    """What is wrong with the text before its meaning is looked at."""
    try:
        parse_json(text.encode())
    except InvalidInput as error:
        return list(error.problems)
    return []


def test_every_body_is_looked_at(bodies: Bodies) -> None:
    counts = {name: len(list(numeric_places(schema))) for name, (_, schema) in bodies.items()}

    assert counts["POST /v1/runs"] > 100
    assert counts["POST /v1/preflight"] == counts["POST /v1/runs"]
    assert counts["POST /v1/runs/{run_id}/resume"] == 2


def test_a_hostile_number_is_refused_by_its_place_or_fits_the_schema(bodies: Bodies) -> None:
    for name, (reader, schema) in bodies.items():
        is_valid = jsonschema_rs.validator_for(schema).is_valid
        for place in numeric_places(schema):
            around = json.dumps(place.around("@@"))
            for number in HOSTILE:
                text = around.replace('"@@"', number)
                problems = strict_problems(text)
                fits = not problems and is_valid(json.loads(text))
                problems = problems or refusals(reader, json.loads(text))

                where = f"{name} {place.pointer} {number}: {text[:300]}, {problems}"
                if fits:
                    assert {one.code for one in problems} <= set(RULE_CODES), where
                else:
                    assert any(place.pointer.startswith(one.pointer) for one in problems), where
