"""Many viewers of one run cost the database what one does, and none of them sees too much."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import event

from app.api.protocol import shared_answers
from app.domain.tokens import digest_of
from tests.api.conftest import Clinic
from tests.api.installation import SECRET
from tests.api.measured import batch_of, path_of, record, started_run
from tests.databases import counted_statements

SHARED = {"Cache-Control": "max-age=5"}
PATIENCE_S = 20.0


@contextmanager
def following(client: httpx.Client, run_id: UUID) -> Iterator[list[str]]:
    """A live stream; the lines that it has sent so far."""
    heard: list[str] = []
    headers = {"Accept": "text/event-stream"}
    with client.stream("GET", f"{path_of(run_id, 'events')}?after=0", headers=headers) as answer:

        def listen() -> None:
            # the stream is closed by the one who opened it
            try:
                for line in answer.iter_lines():
                    heard.append(line)  # noqa: PERF402 - each at once
            except (httpx.HTTPError, httpx.StreamError):
                pass
            heard.append("closed")

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        yield heard


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def is_known(clinic: Clinic, credential: str) -> bool:
    """Whether the last poll has found the credential of a stream valid."""
    digest = digest_of(credential, secret=SECRET)
    return clinic.app.state.resources.event_hub.known(digest) is not None


#: What a page asks for while it follows a run.
FOLLOWED = ("history", "history?quantity=grad_norm", "gradient-flow/heat-map", "dynamics")
_END_OF_LOG = "SELECT runs.next_event, runs.ended_at"


def is_of_streams(statement: str) -> bool:
    """Whether it is of the poll or of the log: all streams share these, which come at any time.

    So may the check of a key whose last poll is too long ago on a slow machine.
    """
    return any(name in statement for name in ("api_keys", "FROM events", _END_OF_LOG))


def test_fifty_viewers_cost_the_database_what_one_does(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    # no answer grows old meanwhile
    monkeypatch.setattr(shared_answers, "time", SimpleNamespace(monotonic=lambda: 100.0))

    def statements_for(number: int) -> list[str]:
        run = started_run(clinic)
        record(clinic, run, seq=0, batch=batch_of([1.0] * 10))
        with ExitStack() as stack:
            clients = [stack.enter_context(clinic.client()) for _ in range(number)]
            streams = [stack.enter_context(following(one, run.id)) for one in clients]
            until(lambda: all(any("progress" in line for line in heard) for heard in streams))
            until(lambda: is_known(clinic, clinic.key))
            with counted_statements(clinic.app.state.resources.engine) as counted:
                for one in clients:
                    for name in FOLLOWED:
                        one.get(path_of(run.id, name), headers=SHARED).raise_for_status()
                    one.get(f"/runs/{run.id}", headers=SHARED).raise_for_status()
            return [one for one in counted if not is_of_streams(one)]

    alone, many = statements_for(1), statements_for(50)

    assert len(alone) >= len(FOLLOWED)
    assert Counter(many) == Counter(alone)


def has_begun(heard: list[str]) -> bool:
    return any("status" in line for line in heard)


def test_streams_of_several_runs_and_keys_wait_by_one_statement(clinic: Clinic) -> None:
    followed = [started_run(clinic) for _ in range(2)]
    keys = [clinic.key, clinic.new_key("runs:read")]
    found: list[tuple[str, dict[str, Any]]] = []

    def note(_connection: object, _cursor: object, statement: str, values: Any, *_: object) -> None:
        if "UNION ALL" in statement:
            found.append((statement, values))

    with ExitStack() as stack:
        for run in followed:
            for key in keys:
                client = stack.enter_context(clinic.client(key))
                heard = stack.enter_context(following(client, run.id))
                until(partial(has_begun, heard))
                until(partial(is_known, clinic, key))
        engine = clinic.app.state.resources.engine
        event.listen(engine, "before_cursor_execute", note)
        try:
            until(lambda: len(found) >= 3)
        finally:
            event.remove(engine, "before_cursor_execute", note)

    assert len({statement for statement, _ in found}) == 1
    for _, values in found:
        # streams that were left a moment ago may be among them
        assert {run.id for run in followed} <= set(values["followed"])
        assert len(keys) <= len(values["keys"]) == len(set(values["keys"]))


def test_a_run_that_others_follow_is_not_looked_up_for_one_more_stream(clinic: Clinic) -> None:
    run = started_run(clinic)
    engine = clinic.app.state.resources.engine

    def look_ups(statements: list[str]) -> int:
        return sum("runs.workspace_id = " in one for one in statements)

    hub = clinic.app.state.resources.event_hub
    with ExitStack() as stack:
        first, second = (stack.enter_context(clinic.client()) for _ in range(2))
        for_first = stack.enter_context(counted_statements(engine))
        stack.enter_context(following(first, run.id))
        until(lambda: hub.follows(run.id, workspace_id=run.workspace_id))
        for_second = stack.enter_context(counted_statements(engine))
        heard = stack.enter_context(following(second, run.id))
        until(lambda: has_begun(heard))

    # the first ones include the second's
    assert look_ups(for_first) == 1
    assert look_ups(for_second) == 0


def test_a_stream_of_a_run_that_others_follow_is_of_their_workspace(clinic: Clinic) -> None:
    run = started_run(clinic)
    with clinic.client() as ours, following(ours, run.id) as heard:
        until(lambda: has_begun(heard))
        until(lambda: is_known(clinic, clinic.key))
        with clinic.client(clinic.other_key) as other:
            headers = {"Accept": "text/event-stream"}
            answer = other.get(path_of(run.id, "events"), headers=headers)

    assert answer.status_code == httpx.codes.NOT_FOUND


def test_an_event_is_read_once_for_all_who_wait_for_it(clinic: Clinic) -> None:
    run = started_run(clinic)
    record(clinic, run, seq=0, batch=batch_of([1.0] * 10))
    with ExitStack() as stack:
        clients = [stack.enter_context(clinic.client()) for _ in range(20)]
        streams = [stack.enter_context(following(one, run.id)) for one in clients]

        def progress(number: int) -> Callable[[], bool]:
            return lambda: all(
                sum("event: progress" in line for line in heard) == number for heard in streams
            )

        until(progress(1))
        with counted_statements(clinic.app.state.resources.engine) as counted:
            record(clinic, run, seq=1, batch=batch_of([1.0] * 10, first_step=10))
            until(progress(2))

    reads = [one for one in counted if "FROM events" in one]
    assert 1 <= len(reads) <= 3


def test_a_client_that_asks_for_no_old_answer_gets_a_new_one(
    clinic: Clinic, client: httpx.Client
) -> None:
    run = started_run(clinic)
    path = path_of(run.id, "history")
    record(clinic, run, seq=0, batch=batch_of([1.0]))
    before = client.get(path, headers=SHARED).json()

    record(clinic, run, seq=1, batch=batch_of([2.0], first_step=1))

    assert client.get(path, headers=SHARED).json() == before
    assert client.get(path).json()["series"][0]["steps"] == [0, 1]


def test_no_other_workspace_gets_a_shared_answer(clinic: Clinic, client: httpx.Client) -> None:
    run = started_run(clinic)
    record(clinic, run, seq=0, batch=batch_of([1.0]))
    path = path_of(run.id, "history")
    client.get(path, headers=SHARED).raise_for_status()

    with clinic.client(clinic.other_key) as other:
        assert other.get(path, headers=SHARED).status_code == httpx.codes.NOT_FOUND
    anonymous = httpx.get(f"{clinic.url}{path}", headers=SHARED)
    assert anonymous.status_code == httpx.codes.UNAUTHORIZED


def test_a_key_without_the_scope_gets_no_shared_answer(
    clinic: Clinic, client: httpx.Client
) -> None:
    run = started_run(clinic)
    record(clinic, run, seq=0, batch=batch_of([1.0]))
    path = path_of(run.id, "history")
    client.get(path, headers=SHARED).raise_for_status()

    with clinic.client(clinic.new_key("datasets:read")) as other:
        assert other.get(path, headers=SHARED).status_code == httpx.codes.FORBIDDEN


def test_a_stream_and_its_answers_end_when_somebody_signs_out(clinic: Clinic) -> None:
    run = started_run(clinic)
    record(clinic, run, seq=0, batch=batch_of([1.0]))
    with httpx.Client(base_url=clinic.url, headers={"Origin": clinic.url}, timeout=20) as visitor:
        visitor.post("/sign-in", data={"key": clinic.key, "next": "/runs"})
        token = visitor.cookies["clinic_session"]
        cookie = {"Cookie": f"clinic_session={token}"}
        with following(visitor, run.id) as heard:
            until(lambda: is_known(clinic, token))
            answer = visitor.get(path_of(run.id, "history"), headers=SHARED)
            visitor.post("/sign-out")
            until(lambda: "closed" in heard)

        after = httpx.get(f"{clinic.url}{path_of(run.id, 'history')}", headers={**SHARED, **cookie})

    assert answer.status_code == httpx.codes.OK
    assert after.status_code == httpx.codes.UNAUTHORIZED


def test_a_revoked_key_gets_no_shared_answer_once_its_stream_has_ended(
    clinic: Clinic, client: httpx.Client
) -> None:
    run = started_run(clinic)
    record(clinic, run, seq=0, batch=batch_of([1.0]))
    path = path_of(run.id, "history")
    made = client.post("/v1/api-keys", json={"scopes": ["runs:read"]}).json()
    with clinic.client(made["key"]) as viewer, following(viewer, run.id) as heard:
        until(lambda: is_known(clinic, made["key"]))
        viewer.get(path, headers=SHARED).raise_for_status()

        client.delete(f"/v1/api-keys/{made['id']}").raise_for_status()
        until(lambda: "closed" in heard)

        assert viewer.get(path, headers=SHARED).status_code == httpx.codes.UNAUTHORIZED


@pytest.mark.parametrize("name", ["history", "gradient-flow/heat-map", "dynamics"])
def test_a_shared_answer_is_the_answer(clinic: Clinic, client: httpx.Client, name: str) -> None:
    run = started_run(clinic)
    record(clinic, run, seq=0, batch=batch_of([1.0] * 3000))

    plain = client.get(path_of(run.id, name))
    shared = [client.get(path_of(run.id, name), headers=SHARED) for _ in range(2)]

    assert [one.json() for one in shared] == [plain.json()] * 2
    assert {one.headers["ETag"] for one in shared} == {plain.headers["ETag"]}
    assert {one.headers["Cache-Control"] for one in shared} == {plain.headers["Cache-Control"]}
