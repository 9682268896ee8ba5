"""Acts that the audit log records: who did what to whom, with which key and from where."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Act(StrEnum):
    """What was done. Reading is not recorded."""

    RUN_SUBMITTED = "run_submitted"
    RUN_FORKED = "run_forked"
    RUN_RESUMED = "run_resumed"
    RUN_CANCELLED = "run_cancelled"
    RUN_RELABELLED = "run_relabelled"
    RUN_DELETED = "run_deleted"
    TRIAL_STARTED = "trial_started"
    TRIAL_CANCELLED = "trial_cancelled"
    PREFLIGHT_SUBMITTED = "preflight_submitted"
    PREFLIGHT_CANCELLED = "preflight_cancelled"
    DATASET_UPLOADED = "dataset_uploaded"
    DATASET_DELETED = "dataset_deleted"
    KEY_CREATED = "key_created"
    KEY_REVOKED = "key_revoked"
    WORKSPACE_CREATED = "workspace_created"
    WORKSPACE_CHANGED = "workspace_changed"
    WORKSPACE_DELETED = "workspace_deleted"
    WORKSPACE_SUSPENDED = "workspace_suspended"
    WORKSPACE_RESUMED = "workspace_resumed"
    WORKER_DRAINED = "worker_drained"
    WORKER_UNDRAINED = "worker_undrained"


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who acts, and from where."""

    #: `key:<id>` for an API key, `machine:<user>@<host>` for a command on the server's machine.
    principal: str
    #: None if no API key was used.
    key_id: UUID | None = None
    #: The IP address of the client.
    address: str | None = None
    request_id: str | None = None


#: For acts of the service itself.
SERVICE = Actor(principal="service")
