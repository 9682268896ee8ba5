"""Reads what live streams wait for: one statement, however many streams there are."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Connection,
    LargeBinary,
    Text,
    Uuid,
    any_,
    bindparam,
    cast,
    literal_column,
    null,
    select,
    union_all,
)

from app.store.keys import is_valid_key
from app.store.tables import api_keys, browser_sessions, predictions, runs, workspaces
from app.store.times import database_now


@dataclass(frozen=True, kw_only=True)
class Followed:
    """What is followed, and which of those who follow it may still do so."""

    #: Run -> number of its next event, prediction -> version; deleted ones are left out.
    numbers: Mapping[UUID, int]
    usable_keys: frozenset[UUID]
    #: HMACs of sessions that have not ended; their keys are not looked at.
    usable_sessions: frozenset[bytes]


_NUMBER, _KEY, _SESSION = (literal_column(f"'{name}'", Text) for name in ("n", "k", "s"))
_NO_ID, _NO_NUMBER = cast(null(), Uuid), cast(null(), BigInteger)
_NO_DIGEST = cast(null(), LargeBinary)
_FOLLOWED = any_(bindparam("followed", type_=ARRAY(Uuid)))
_KEYS = any_(bindparam("keys", type_=ARRAY(Uuid)))
_DIGESTS = any_(bindparam("digests", type_=ARRAY(LargeBinary)))
# built once: building it takes longer than PostgreSQL takes to answer it
_STATEMENT = union_all(
    select(_NUMBER.label("kind"), runs.c.id, runs.c.next_event.label("number"), _NO_DIGEST).where(
        runs.c.id == _FOLLOWED
    ),
    select(_NUMBER, predictions.c.id, predictions.c.version, _NO_DIGEST).where(
        predictions.c.id == _FOLLOWED
    ),
    select(_KEY, api_keys.c.id, _NO_NUMBER, _NO_DIGEST)
    .join(workspaces, workspaces.c.id == api_keys.c.workspace_id)
    .where(api_keys.c.id == _KEYS, workspaces.c.suspended_at.is_(None), *is_valid_key()),
    select(_SESSION, _NO_ID, _NO_NUMBER, browser_sessions.c.digest).where(
        browser_sessions.c.digest == _DIGESTS, browser_sessions.c.expires_at > database_now()
    ),
)


def read_followed(
    connection: Connection,
    *,
    followed: Collection[UUID],
    keys: Collection[UUID],
    sessions: Collection[bytes],
) -> Followed:
    """Returns the present state of these runs and predictions, keys, and HMACs of sessions."""
    values = {"followed": list(followed), "keys": list(keys), "digests": list(sessions)}
    rows = connection.execute(_STATEMENT, values).all()
    return Followed(
        numbers={id_: number for kind, id_, number, _ in rows if kind == "n"},
        usable_keys=frozenset(id_ for kind, id_, _, _ in rows if kind == "k"),
        usable_sessions=frozenset(bytes(digest) for kind, _, _, digest in rows if kind == "s"),
    )
