"""The installation, and who may call: workspaces, their keys, answers to repeated calls."""

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
    document,
    flag,
    identifier,
    made_at,
    metadata,
    moment,
    word_list,
    words,
    workspace,
)

installation = Table(
    "installation",
    metadata,
    Column("id", SmallInteger, CheckConstraint("id = 1", name="is_one"), primary_key=True),
    #: HMAC of a constant under the service's secret, so that another one is noticed at the start.
    Column("secret_fingerprint", LargeBinary, nullable=False),
)

workspaces = Table(
    "workspaces",
    metadata,
    identifier(),
    words("name"),
    made_at(),
    #: Quotas of its own; null is the installation's default.
    Column("max_queued_runs", Integer),
    Column("max_running_runs", Integer),
    Column("max_rows", BigInteger),
    Column("max_storage_bytes", BigInteger),
    #: When a run of it was last claimed, and whether that was a preflight.
    moment("served_at"),
    flag("served_preflight"),
)

api_keys = Table(
    "api_keys",
    metadata,
    identifier(),
    workspace(),
    words("name", ""),
    #: What may be shown of the key: its first and its last characters.
    words("prefix"),
    words("last4"),
    #: HMAC-SHA256 of the key under the service's secret; the key itself is nowhere.
    Column("digest", LargeBinary, nullable=False, unique=True),
    word_list("scopes"),
    made_at(),
    moment("last_used_at"),
    moment("expires_at"),
    moment("revoked_at"),
    Index(None, "workspace_id"),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("workspace_id", Uuid, ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True),
    Column("route", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    #: SHA-256 of the request's body.
    Column("fingerprint", LargeBinary, nullable=False),
    Column("status", SmallInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    document("headers"),
    made_at(),
    Index(None, "created_at"),
)
