"""Who may do what: every operation of the OpenAPI document against every kind of caller."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import Engine, event, text

from app.domain.access import Scope
from app.domain.tokens import is_well_formed
from tests.api.conftest import Clinic, post_run, spec
from tests.api.runs.test_runs import check_problem

OPEN = {"/healthz", "/readyz"}
#: What it tells is the same for everybody.
ANY_KEY = "/v1/catalog"
#: A body for each operation that takes one; whoever is turned away is so before it is looked at.
BODIES: dict[str, Any] = {
    "/v1/runs": spec(),
    "/v1/preflight": spec(),
    "/v1/preflight/compare": {"spec": spec(), "patches": [{"model": {"kind": "gru"}}]},
    "/v1/runs/{run_id}": {"name": "taken over"},
    "/v1/api-keys": {"scopes": ["admin"]},
    "/v1/workspaces": {"name": "more"},
    "/v1/workspaces/{workspace_id}": {"name": "taken over"},
}
#: Nobody here trains, so that to wait for it is in vain.
QUERIES = {"/v1/preflight": {"wait_s": 0}, "/v1/preflight/compare": {"wait_s": 0}}


def operations(clinic: Clinic) -> Iterator[tuple[str, str, list[str]]]:
    """Method, path and needed scopes of each operation behind a key."""
    for path, methods in clinic.app.openapi()["paths"].items():
        for method, operation in methods.items():
            if path not in OPEN:
                yield method.upper(), path, operation["security"][0]["ApiKey"]


def call(client: httpx.Client, method: str, path: str, **ids: object) -> httpx.Response:
    body = BODIES.get(path) if method in {"POST", "PATCH"} else None
    query = QUERIES.get(path) if method == "POST" else None
    url = re.sub(r"{(\w+)}", lambda name: str(ids.get(name[1], uuid4())), path)
    return client.request(method, url, json=body, params=query)


def things_of(client: httpx.Client) -> dict[str, object]:
    """One of each thing that a path can name, in the workspace of this client."""
    csv = b"time,value\n1,2\n2,3\n"
    dataset = client.post("/v1/datasets", params={"name": "a", "kind": "csv"}, content=csv)
    preflight = client.post("/v1/preflight", json=spec(), params={"wait_s": 0})
    return {
        "run_id": post_run(client)["id"],
        "preflight_id": preflight.headers["Location"].rpartition("/")[2],
        "dataset_id": dataset.json()["id"],
        "key_id": client.get("/v1/api-keys").json()["items"][0]["id"],
        "workspace_id": client.get("/v1/workspaces").json()["items"][0]["id"],
        "worker_id": uuid4(),
        # no run here has weights; test_predictions.py has one that another workspace asks for
        "prediction_id": uuid4(),
        # tests/api/trials has one that another workspace asks for
        "trial_id": uuid4(),
        "name": "model",
        "chart": "loss",
        "form": "svg",
    }


def test_every_operation_but_the_open_ones_and_the_catalogue_needs_one_scope(
    clinic: Clinic,
) -> None:
    found = list(operations(clinic))

    assert len(found) > 10
    for _, path, scopes in found:
        assert len(scopes) == (0 if path == ANY_KEY else 1)
        assert set(scopes) <= set(Scope)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Basic Zm9vOmJhcg==",
        "Bearer nonsense",
        "Bearer gc_" + "0" * 43,
        "Bearer gc_" + "é" * 43,
    ],
)
def test_no_operation_answers_a_stranger(clinic: Clinic, header: str | None) -> None:
    headers = {} if header is None else {b"Authorization": header.encode("latin-1")}
    with httpx.Client(base_url=clinic.url, headers=headers) as stranger:
        for method, path, _ in operations(clinic):
            answer = call(stranger, method, path)

            assert (method, path, answer.status_code) == (method, path, 401)
            assert check_problem(answer)["code"] == "unauthenticated"
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_no_operation_answers_without_its_scope(clinic: Clinic) -> None:
    for method, path, needed in operations(clinic):
        if path == ANY_KEY:
            continue
        others = [scope for scope in Scope if scope not in needed]
        with clinic.client(clinic.new_key(*others)) as limited:
            answer = call(limited, method, path)

        assert (method, path, answer.status_code) == (method, path, 403)
        assert needed[0] in check_problem(answer)["detail"]


def test_a_scope_is_enough_for_its_operations(clinic: Clinic) -> None:
    keys = {scope: clinic.new_key(scope) for scope in Scope}
    for method, path, needed in operations(clinic):
        with clinic.client(keys[Scope((*needed, Scope.RUNS_READ)[0])]) as enough:
            answer = call(enough, method, path)

        assert answer.status_code not in {401, 403}, (method, path)


def test_what_is_another_workspace_s_is_not_there(clinic: Clinic, client: httpx.Client) -> None:
    things = things_of(client)
    named = {name for _, path, _ in operations(clinic) for name in re.findall(r"{(\w+)}", path)}
    with clinic.client(clinic.other_key) as other:
        for method, path, _ in operations(clinic):
            if "{" in path:
                answer = call(other, method, path, **things)

                # that there are other workspaces is no secret; only the first one's admins see them
                is_for_operators = "{workspace_id}" in path or "admin" in path or "drain" in path
                expected = {403, 404} if is_for_operators else {404}
                assert answer.status_code in expected, (method, path)
        listed = other.get("/v1/runs").json()["items"]

    assert named <= things.keys()
    assert things["run_id"] not in {run["id"] for run in listed}
    assert client.get(f"/v1/runs/{things['run_id']}").json()["name"] == ""


@pytest.mark.parametrize("change", ["revoke", "expire"])
def test_a_key_that_is_over_opens_nothing(
    clinic: Clinic, client: httpx.Client, change: str
) -> None:
    made = client.post("/v1/api-keys", json={"name": "old", "scopes": list(Scope)}).json()
    with clinic.client(made["key"]) as holder:
        assert holder.get("/v1/runs").status_code == 200

        if change == "revoke":
            assert client.delete(f"/v1/api-keys/{made['id']}").status_code == 204
        else:
            with clinic.engine.begin() as connection:
                expire = "UPDATE api_keys SET expires_at = now() - interval '1 s' WHERE id = :id"
                connection.execute(text(expire), {"id": UUID(made["id"])})

        for method, path, _ in operations(clinic):
            assert (method, path, call(holder, method, path).status_code) == (method, path, 401)


def test_a_key_is_shown_once_and_stored_nowhere(clinic: Clinic, client: httpx.Client) -> None:
    made = client.post("/v1/api-keys", json={"name": "shown", "scopes": ["runs:read"]}).json()

    listed = client.get("/v1/api-keys?limit=200").json()["items"]
    with clinic.engine.connect() as connection:
        rows = str(connection.execute(text("SELECT * FROM api_keys")).all())
        rows += str(connection.execute(text("SELECT * FROM idempotency_keys")).all())

    assert is_well_formed(made["key"])
    assert made["key"].startswith(made["prefix"])
    assert made["key"].endswith(made["last4"])
    assert made["id"] in {key["id"] for key in listed}
    assert made["key"] not in rows + str(listed)


def test_a_key_that_would_never_open_anything_is_not_made(client: httpx.Client) -> None:
    order = {"scopes": ["runs:read"], "expires_at": "2020-01-01T00:00:00Z"}

    answer = client.post("/v1/api-keys", json=order)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/expires_at"


def test_a_workspace_comes_with_a_key_that_opens_it(clinic: Clinic, client: httpx.Client) -> None:
    made = client.post("/v1/workspaces", json={"name": "third"}).json()

    with clinic.client(made["admin_key"]["key"]) as owner:
        seen = owner.get("/v1/workspaces").json()["items"]
        refused = owner.post("/v1/workspaces", json={"name": "fourth"})
        run = post_run(owner)
        busy = client.delete(f"/v1/workspaces/{made['id']}")
        owner.post(run["links"]["cancel"])
        gone = client.delete(f"/v1/workspaces/{made['id']}")
        orphan = owner.get("/v1/runs")

    assert [workspace["id"] for workspace in seen] == [made["id"]]
    assert (refused.status_code, busy.status_code) == (403, 409)
    assert (gone.status_code, orphan.status_code) == (204, 401)


def test_the_first_workspace_cannot_delete_itself(client: httpx.Client) -> None:
    first = client.get("/v1/workspaces").json()["items"][0]

    assert client.delete(f"/v1/workspaces/{first['id']}").status_code == 409


def test_a_request_has_its_key_looked_up_once(client: httpx.Client) -> None:
    """Although it is asked for with scopes by its route, and without by Idempotency-Key."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        post_run(client)
    finally:
        event.remove(Engine, "before_cursor_execute", note)

    assert sum("FROM api_keys" in one for one in statements) == 1
