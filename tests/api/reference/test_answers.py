"""Each answer of the document has an example, which is what the service answers."""

import ast
import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import httpx
import jsonschema_rs
import pytest

from tests.api.conftest import Clinic, post_run

Json = dict[str, Any]
PROBLEM = "application/problem+json"
SHOWN = {"application/json", PROBLEM}
#: What several operations answer in the same way.
SAID_OF_SEVERAL = {
    "With `dry_run=true`. Nothing is stored.",
    "Not finished within `wait_s`. `Location` is where to read it.",
}


@pytest.fixture(scope="module")
def document(client: httpx.Client) -> Json:
    found: Json = client.get("/openapi.json").json()
    return found


def operations(document: Json) -> Iterator[Json]:
    for path in document["paths"].values():
        yield from path.values()


def answers(document: Json) -> Iterator[tuple[str, Json, list[Json]]]:
    """Name, schema and examples of each answer that is JSON."""
    known = document["components"]["examples"]
    for operation in operations(document):
        for status, answer in operation["responses"].items():
            for media_type in SHOWN & set(answer.get("content", {})):
                content = answer["content"][media_type]
                if content["schema"].get("format") == "binary":
                    continue  # a file of a run may be JSON
                examples = [
                    known[one["$ref"].rpartition("/")[2]] if "$ref" in one else one
                    for one in content.get("examples", {}).values()
                ]
                yield f"{operation['operationId']} {status}", content["schema"], examples


def test_every_answer_has_an_example(document: Json) -> None:
    found = list(answers(document))

    assert len(found) > 500
    assert [name for name, _, examples in found if not examples] == []


def test_every_example_of_an_answer_is_valid(document: Json) -> None:
    wrong = []
    for name, schema, examples in answers(document):
        whole = {**schema, "components": document["components"]}
        validator = jsonschema_rs.validator_for(whole)
        for example in examples:
            wrong += [(name, str(one)[:300]) for one in validator.iter_errors(example["value"])]

    assert wrong == [], "record them anew: python -m docs.record_answers"


def test_an_error_is_shown_as_it_is_answered(document: Json, client: httpx.Client) -> None:
    shown = document["components"]["examples"]
    run = {"model": {"kind": "gru"}, "dataset": {"kind": "adding"}}
    answered = [
        httpx.get(f"{client.base_url}/v1/runs"),
        client.post("/v1/runs", json={**run, "optimizer": {"kind": "adam", "learning_rate": 0}}),
        client.get("/v1/runs/01920000-0000-7000-8000-000000000000"),
        client.post("/v1/runs", content=b"a", headers={"Content-Type": "text/plain"}),
    ]

    for answer in answered:
        example, body = shown[f"status_{answer.status_code}"]["value"], answer.json()
        assert set(body) == set(example)
        assert [body[name] for name in ("type", "title", "code")] == [
            example[name] for name in ("type", "title", "code")
        ]


def test_a_success_is_described_by_a_sentence_of_its_own(document: Json) -> None:
    said = [
        answer["description"]
        for operation in operations(document)
        for status, answer in operation["responses"].items()
        if status < "300" and answer["description"] not in SAID_OF_SEVERAL
    ]

    assert len(said) >= 57
    assert [words for words in said if said.count(words) > 1] == []
    assert [words for words in said if not words.endswith(".")] == []


def test_an_error_says_why_it_is_answered(document: Json) -> None:
    phrases = {status.phrase for status in HTTPStatus}
    said = {
        (status, answer["description"])
        for operation in operations(document)
        for status, answer in operation["responses"].items()
        if status >= "400"
    }

    assert {status for status, _ in said} >= {"401", "404", "409", "410", "422", "429", "503"}
    assert [one for one in said if one[1] in phrases or not one[1].endswith(".")] == []


def test_a_conflict_has_the_codes_of_its_operation(document: Json) -> None:
    shown = {
        operation["operationId"]: set(operation["responses"]["409"]["content"][PROBLEM]["examples"])
        for operation in operations(document)
        if "409" in operation["responses"]
    }

    assert shown["revoke_api_key"] == {"last_admin_key"}
    assert shown["create_trial"] == {
        "idempotency_in_flight",
        "nothing_to_try",
        "trial_in_progress",
    }
    assert [name for name, codes in shown.items() if "status_409" in codes] == []


def test_samples_can_be_read_by_a_shell_and_by_python(document: Json) -> None:
    for operation in operations(document):
        curl, python = operation["x-codeSamples"]
        assert shlex.split(curl["source"].replace("\\\n", " "))[:2] == ["curl", "-s"]
        assert ast.parse(python["source"])


@pytest.mark.parametrize("operation_id", ["create_run", "list_runs", "get_diagnosis"])
def test_a_sample_does_what_it_says(document: Json, clinic: Clinic, operation_id: str) -> None:
    with clinic.client() as client:
        run_id = post_run(client)["id"]
    sampled = next(one for one in operations(document) if one["operationId"] == operation_id)
    program = sampled["x-codeSamples"][1]["source"].replace("http://localhost:8000", clinic.url)

    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"KEY": clinic.key, "RUN_ID": run_id},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)
