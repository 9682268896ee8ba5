"""Idempotency-Key: sent twice, done once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import BinaryIO
from uuid import UUID, uuid4

import httpx
from sqlalchemy import text

from app.domain.uploads import CheckedUpload, CheckRequest
from app.upload_checks.checks import UploadChecks
from tests.api.conftest import Clinic, serving, spec
from tests.api.runs.test_runs import check_problem

#: Of the other sessions in this database.
_OPEN_TRANSACTIONS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = 'idle in transaction'
"""


def key() -> dict[str, str]:
    return {"Idempotency-Key": f"test-{uuid4()}"}


def test_a_repeated_post_replays_its_answer(client: httpx.Client) -> None:
    headers = key()

    first = client.post("/v1/runs", json=spec(), headers=headers)
    second = client.post("/v1/runs", json=spec(), headers=headers)

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.content == first.content
    assert second.headers["Location"] == first.headers["Location"]
    assert second.headers["Idempotency-Replayed"] == "true"


def test_another_body_under_the_same_key_is_refused(client: httpx.Client) -> None:
    headers = key()

    client.post("/v1/runs", json=spec(), headers=headers)
    answer = client.post("/v1/runs", json=spec(name="other"), headers=headers)

    problem = check_problem(answer)
    assert (answer.status_code, problem["code"]) == (422, "idempotency_key_reused")
    assert problem["errors"][0]["pointer"] == "header/idempotency-key"


def test_a_refused_post_leaves_its_key_free(client: httpx.Client) -> None:
    headers = key()

    refused = client.post("/v1/runs", json=spec(surprise=1), headers=headers)
    taken = client.post("/v1/runs", json=spec(), headers=headers)

    assert (refused.status_code, taken.status_code) == (422, 201)


def test_a_key_is_of_one_workspace_and_one_route(clinic: Clinic, client: httpx.Client) -> None:
    headers = key()

    first = client.post("/v1/runs", json=spec(), headers=headers)
    with clinic.client(clinic.other_key) as other:
        second = other.post("/v1/runs", json=spec(), headers=headers)
    elsewhere = client.post("/v1/api-keys", json={"scopes": ["runs:read"]}, headers=headers)

    assert first.json()["id"] != second.json()["id"]
    assert elsewhere.status_code == 201


def test_a_replayed_key_comes_without_its_secret(client: httpx.Client) -> None:
    headers = key()

    first = client.post("/v1/api-keys", json={"scopes": ["runs:read"]}, headers=headers).json()
    second = client.post("/v1/api-keys", json={"scopes": ["runs:read"]}, headers=headers).json()

    assert first.pop("key").startswith("gc_")
    assert second.pop("key") is None
    assert first == second


def test_many_posts_at_once_make_one_run(clinic: Clinic) -> None:
    headers, tag = key(), uuid4().hex

    with ThreadPoolExecutor(16) as pool, clinic.client() as client:
        calls = [
            pool.submit(client.post, "/v1/runs", json=spec(tags=[tag]), headers=headers)
            for _ in range(100)
        ]
        answers = [call.result() for call in calls]
        made = client.get(f"/v1/runs?tag={tag}").json()["items"]

    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len(made) == 1
    ids = {answer.json()["id"] for answer in answers if answer.status_code == 201}
    assert ids == {made[0]["id"]}


def test_a_malformed_key_is_refused(client: httpx.Client) -> None:
    answer = client.post("/v1/runs", json=spec(), headers={"Idempotency-Key": "a b"})

    assert answer.status_code == 422
    assert check_problem(answer)["errors"][0]["pointer"] == "header/idempotency-key"


def test_an_upload_is_checked_while_no_transaction_is_open(
    clinic_with: Callable[..., Clinic],
) -> None:
    clinic, headers = clinic_with(), key()
    query = "/v1/datasets?name=slow&kind=csv"
    seen: list[int] = []
    repeated: list[httpx.Response] = []

    class ObservedChecks(UploadChecks):
        """Looks at the database and repeats the request while the file is checked."""

        def check(
            self, workspace_id: UUID, request: CheckRequest, file: BinaryIO, *, stored: BinaryIO
        ) -> CheckedUpload:
            if not seen:
                with clinic.engine.connect() as connection:
                    seen.append(connection.execute(text(_OPEN_TRANSACTIONS)).scalar_one())
                repeated.append(client.post(query, content=b"a\n1\n", headers=headers))
            return super().check(workspace_id, request, file, stored=stored)

    with serving(clinic.app) as url, replace(clinic, url=url).client() as client:
        resources = clinic.app.state.resources
        resources.upload_checks.close()
        clinic.app.state.resources = replace(resources, upload_checks=ObservedChecks())
        answer = client.post(query, content=b"a\n1\n", headers=headers)
        replayed = client.post(query, content=b"a\n1\n", headers=headers)
        clinic.app.state.resources.upload_checks.close()

    assert seen == [0]
    assert repeated[0].status_code == 409
    assert int(repeated[0].headers["Retry-After"]) >= 1
    assert answer.status_code == 201
    assert replayed.json() == answer.json()
