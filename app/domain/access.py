"""Who may do what: the scopes of an API key, and the caller that a valid key stands for."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Scope(StrEnum):
    """What a key allows; none implies another."""

    RUNS_READ = "runs:read"
    RUNS_WRITE = "runs:write"
    DATASETS_READ = "datasets:read"
    DATASETS_WRITE = "datasets:write"
    #: Keys and workspaces.
    ADMIN = "admin"


@dataclass(frozen=True, kw_only=True)
class Caller:
    """The holder of a valid key; sees one workspace and nothing else."""

    workspace_id: UUID
    key_id: UUID
    scopes: frozenset[str]
