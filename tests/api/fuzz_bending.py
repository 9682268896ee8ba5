"""Bends what a fuzzer sends so that it reaches further, without touching what is wrong in it.

Most runs that it asks for do not exist; here every other read is of one with readings. Whoever
waits would wait in vain: nobody trains. And the one request that revokes the fuzzer's own key would
end it unnoticed.
"""

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import schemathesis
from schemathesis.hooks import unregister
from sqlalchemy import Engine, select

from app.api.protocol.negotiation import EVENT_STREAM
from app.domain.runs import StopReason
from app.services.attempts.finish_run import AttemptEnd, finish_run
from app.store.database import unit_of_work
from app.store.tables import api_keys, workspaces
from app.store.telemetry import append_batch
from tests.api.measured import batch_of
from tests.domain.builders import scores
from tests.store.builders import a_profile, claimed_run

#: Seconds that a request may wait.
MAX_WAIT_S = 0.02
#: What the document allows.
MOST_WAIT_S = 60.0
Case = schemathesis.Case[Any]
_KEY = "Idempotency-Key"
_GOOD_KEY = re.compile(r"[\x21-\x7e]{1,255}")


@contextmanager
def bent(engine: Engine) -> Iterator[None]:
    """Until the block is left every request is bent; nothing else may be fuzzed meanwhile."""
    run_id = _measured_run(engine)
    with engine.connect() as connection:
        mine = connection.execute(select(api_keys.c.id).order_by(api_keys.c.created_at).limit(1))
        protected = {str(run_id), str(mine.scalar_one())}
    turns = count()

    def before_call(_context: object, case: Case, _kwargs: object) -> None:
        turn = next(turns)
        ids = case.path_parameters
        for name, value in ids.items():
            if case.method == "DELETE" and str(value) in protected:
                ids[name] = str(uuid4())
            elif case.method == "GET" and name == "run_id" and turn % 2 and _is_uuid(value):
                ids[name] = str(run_id)
        _hurry(case)
        _keep_apart(case, turn)
        _vary_form(case, turn)

    schemathesis.hook(before_call)
    try:
        yield
    finally:
        unregister(before_call)


def _measured_run(engine: Engine) -> UUID:
    """One that diverged, with readings of every kind, in the first workspace."""
    with unit_of_work(engine) as work:
        first = select(workspaces.c.id).order_by(workspaces.c.created_at).limit(1)
        run = claimed_run(work.session, work.session.execute(first).scalar_one())
        batch = batch_of(
            [*[1.0] * 30, math.nan],
            readings=(
                *scores({10: 0.5, 20: math.inf}),
                a_profile(),
                a_profile(step=10, is_full=False),
            ),
        )
        append_batch(work.session, run_id=run.id, attempt=run.attempt, seq=0, batch=batch)
    end = AttemptEnd(run_id=run.id, attempt=run.attempt, stop_reason=StopReason.DIVERGED)
    finish_run(engine, end)
    return run.id


def _is_uuid(value: object) -> bool:
    try:
        UUID(str(value))
    except ValueError:
        return False
    return True


def _hurry(case: Case) -> None:
    parameters = case.operation.definition.raw.get("parameters", ())
    asked = case.query.get("wait_s")
    is_asked = any(parameter.get("name") == "wait_s" for parameter in parameters)
    if is_asked and (asked is None or _is_wait(asked)):
        case.query["wait_s"] = MAX_WAIT_S


def _is_wait(value: object) -> bool:
    """Boundary values come as text."""
    try:
        return 0 <= float(str(value)) <= MOST_WAIT_S
    except ValueError:
        return False


def _keep_apart(case: Case, turn: int) -> None:
    """Keys are few and bodies many: nearly all of them would be refused for the key alone.

    Under the same key and with the same body, what was deleted meanwhile would be told once more.
    """
    key = case.headers.get(_KEY)
    if isinstance(key, str) and _GOOD_KEY.fullmatch(key):
        case.headers[_KEY] = f"{key[:200]}-{turn}"


def _vary_form(case: Case, turn: int) -> None:
    """Ask for each media type of the answer in turn; streams end at the present end of the log."""
    answers = case.operation.definition.raw["responses"]
    forms = list(answers.get("200", {}).get("content", {}))
    if len(forms) > 1 and "Accept" not in case.headers:
        case.headers["Accept"] = forms[turn // 2 % len(forms)]
    if EVENT_STREAM in forms and str(case.query.get("follow", True)).lower() == "true":
        case.query["follow"] = False
