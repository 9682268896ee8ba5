"""Tables of the installation, of workspaces, API keys and answers to repeated requests."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
)

from app.store.tables.columns import (
    counter,
    creation_time,
    flag,
    identifier,
    json_column,
    metadata,
    text_array_column,
    text_column,
    timestamp,
    workspace,
)

installation = Table(
    "installation",
    metadata,
    Column("id", SmallInteger, CheckConstraint("id = 1", name="is_one"), primary_key=True),
    #: HMAC of a constant under the service's secret; a start with another secret is refused.
    Column("secret_fingerprint", LargeBinary, nullable=False),
    #: Messages at the broker that workers ignored, since the first start.
    counter("malformed_messages", BigInteger),
)

workspaces = Table(
    "workspaces",
    metadata,
    identifier(),
    text_column("name"),
    creation_time(),
    #: The workspace's own quotas; null means the installation's default.
    Column("max_queued_runs", Integer),
    Column("max_running_runs", Integer),
    Column("max_rows", BigInteger),
    Column("max_storage_bytes", BigInteger),
    Column("max_preflights", Integer),
    Column("max_runs_per_hour", Integer),
    #: When the allowance of runs per hour is full again; null while it was never used.
    timestamp("runs_full_at"),
    #: Since then its keys are refused and its runs wait; null while it is not suspended.
    timestamp("suspended_at"),
    #: When its last run was claimed, and whether that run was a preflight.
    timestamp("served_at"),
    flag("served_preflight"),
)

api_keys = Table(
    "api_keys",
    metadata,
    identifier(),
    workspace(),
    text_column("name", ""),
    #: The part of the key that may be shown: its first and its last characters.
    text_column("prefix"),
    text_column("last4"),
    #: HMAC-SHA256 of the key under the service's secret; the key itself is not stored.
    Column("digest", LargeBinary, nullable=False, unique=True),
    text_array_column("scopes"),
    creation_time(),
    timestamp("last_used_at"),
    timestamp("expires_at"),
    timestamp("revoked_at"),
    Index(None, "workspace_id"),
)

browser_sessions = Table(
    "browser_sessions",
    metadata,
    identifier(),
    Column("key_id", Uuid, ForeignKey("api_keys.id", ondelete="CASCADE"), nullable=False),
    #: HMAC-SHA256 of the token in the browser's cookie; the token itself is not stored.
    Column("digest", LargeBinary, nullable=False, unique=True),
    #: Whether it has all scopes of the key; otherwise those that read.
    flag("can_write"),
    creation_time(),
    timestamp("expires_at", nullable=False),
    Index(None, "key_id"),
    Index(None, "expires_at"),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("workspace_id", Uuid, ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True),
    Column("route", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    #: SHA-256 of the request's body.
    Column("fingerprint", LargeBinary, nullable=False),
    #: Set while the first request is being worked on, and null once it is answered.
    Column("lease_token", Uuid),
    timestamp("lease_expires_at"),
    #: The answer; null while the first request is being worked on.
    Column("status", SmallInteger),
    Column("body", LargeBinary),
    json_column("headers"),
    #: When the key was leased, and from then on when it was answered.
    creation_time(),
    Index(None, "created_at"),
)
