"""Authorisation: the scopes of an API key, and the caller that a valid key identifies."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from app.domain.errors import Forbidden


class Scope(StrEnum):
    """A permission of an API key. No scope implies another one."""

    RUNS_READ = "runs:read"
    RUNS_WRITE = "runs:write"
    DATASETS_READ = "datasets:read"
    DATASETS_WRITE = "datasets:write"
    #: Manages API keys and workspaces.
    ADMIN = "admin"


#: Scopes that change nothing.
READING: frozenset[str] = frozenset({Scope.RUNS_READ, Scope.DATASETS_READ})


@dataclass(frozen=True, kw_only=True)
class Caller:
    """The holder of a valid API key, who has access to one workspace only."""

    workspace_id: UUID
    key_id: UUID
    scopes: frozenset[str]


def check_may_grant(caller: Caller, scopes: Collection[str]) -> None:
    """Raises Forbidden when a new key would have a scope that the caller lacks."""
    missing = set(scopes) - caller.scopes
    if missing:
        detail = f"An API key can grant only its own scopes; this one lacks {_listed(missing)}."
        raise Forbidden(detail)


def _listed(scopes: Collection[str]) -> str:
    return ", ".join(sorted(scopes))
