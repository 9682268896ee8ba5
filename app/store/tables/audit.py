"""The table of the audit log."""

from sqlalchemy import Column, Index, Table, Text, Uuid

from app.store.tables.columns import (
    creation_time,
    identifier,
    json_column,
    metadata,
    text_column,
)

#: No foreign keys: an act is kept when its workspace, its key or its subject is deleted.
audited_acts = Table(
    "audited_acts",
    metadata,
    identifier(),
    creation_time(),
    #: The workspace to which the act was done.
    Column("workspace_id", Uuid, nullable=False),
    text_column("principal"),
    Column("key_id", Uuid),
    Column("address", Text),
    Column("request_id", Text),
    text_column("act"),
    #: The run, data set, key or workspace to which the act was done.
    Column("subject_id", Uuid, nullable=False),
    json_column("detail", "{}"),
    Index(None, "workspace_id", "created_at", "id"),
    Index(None, "created_at", "id"),
)
