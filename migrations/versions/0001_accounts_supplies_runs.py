"""Accounts, workers, data sets, and runs with their log and diagnoses."""

from alembic import op

from app.migration import refuse_to_lose

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATEMENTS = (
    """
CREATE TABLE workspaces (
    id UUID NOT NULL,
    name TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_workspaces PRIMARY KEY (id)
)
    """,
    """
CREATE TABLE api_keys (
    id UUID NOT NULL,
    workspace_id UUID NOT NULL,
    name TEXT DEFAULT '' NOT NULL,
    prefix TEXT NOT NULL,
    last4 TEXT NOT NULL,
    digest BYTEA NOT NULL,
    scopes TEXT[] DEFAULT '{}' NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    last_used_at TIMESTAMP WITH TIME ZONE,
    expires_at TIMESTAMP WITH TIME ZONE,
    revoked_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_api_keys PRIMARY KEY (id),
    CONSTRAINT fk_api_keys_workspace_id FOREIGN KEY (workspace_id)
        REFERENCES workspaces (id) ON DELETE CASCADE,
    CONSTRAINT uq_api_keys_digest UNIQUE (digest)
)
    """,
    """
CREATE INDEX ix_api_keys_workspace_id
    ON api_keys (workspace_id)
    """,
    """
CREATE TABLE idempotency_keys (
    workspace_id UUID NOT NULL,
    route TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint BYTEA NOT NULL,
    status SMALLINT NOT NULL,
    body BYTEA NOT NULL,
    headers JSONB NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_idempotency_keys PRIMARY KEY (workspace_id, route, key),
    CONSTRAINT fk_idempotency_keys_workspace_id FOREIGN KEY (workspace_id)
        REFERENCES workspaces (id) ON DELETE CASCADE
)
    """,
    """
CREATE INDEX ix_idempotency_keys_created_at
    ON idempotency_keys (created_at)
    """,
    """
CREATE TABLE workers (
    id UUID NOT NULL,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    devices TEXT[] DEFAULT '{}' NOT NULL,
    slots INTEGER DEFAULT 0 NOT NULL,
    threads_per_run INTEGER DEFAULT 1 NOT NULL,
    release TEXT DEFAULT '' NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    seen_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    retired_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_workers PRIMARY KEY (id)
)
    """,
    """
CREATE TABLE datasets (
    id UUID NOT NULL,
    workspace_id UUID NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    num_bytes BIGINT NOT NULL,
    sha256 BYTEA NOT NULL,
    profile JSONB NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_datasets PRIMARY KEY (id),
    CONSTRAINT ck_datasets_kind CHECK (kind IN ('csv', 'text')),
    CONSTRAINT fk_datasets_workspace_id FOREIGN KEY (workspace_id)
        REFERENCES workspaces (id) ON DELETE CASCADE
)
    """,
    """
CREATE INDEX ix_datasets_workspace_id_created_at_id
    ON datasets (workspace_id, created_at, id)
    """,
    """
CREATE TABLE dataset_parts (
    dataset_id UUID NOT NULL,
    position INTEGER NOT NULL,
    content BYTEA NOT NULL,
    CONSTRAINT pk_dataset_parts PRIMARY KEY (dataset_id, position),
    CONSTRAINT fk_dataset_parts_dataset_id FOREIGN KEY (dataset_id)
        REFERENCES datasets (id) ON DELETE CASCADE
)
    """,
    """
CREATE TABLE runs (
    id UUID NOT NULL,
    workspace_id UUID NOT NULL,
    name TEXT DEFAULT '' NOT NULL,
    tags TEXT[] DEFAULT '{}' NOT NULL,
    notes TEXT DEFAULT '' NOT NULL,
    spec JSONB NOT NULL,
    model_kind TEXT NOT NULL,
    dataset_kind TEXT NOT NULL,
    dataset_id UUID,
    device_wanted TEXT NOT NULL,
    priority INTEGER DEFAULT 0 NOT NULL,
    status TEXT DEFAULT 'queued' NOT NULL,
    stop_reason TEXT,
    error TEXT,
    attempt INTEGER DEFAULT 0 NOT NULL,
    version BIGINT DEFAULT 1 NOT NULL,
    next_seq BIGINT DEFAULT 0 NOT NULL,
    next_event BIGINT DEFAULT 1 NOT NULL,
    crash_count INTEGER DEFAULT 0 NOT NULL,
    worker_id UUID,
    lease_expires_at TIMESTAMP WITH TIME ZONE,
    cancel_requested_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE,
    ended_at TIMESTAMP WITH TIME ZONE,
    progress_step BIGINT DEFAULT 0 NOT NULL,
    progress_at TIMESTAMP WITH TIME ZONE,
    steps_per_second DOUBLE PRECISION,
    metrics JSONB DEFAULT '{}' NOT NULL,
    best JSONB,
    task JSONB,
    device TEXT,
    tensor_names TEXT[] DEFAULT '{}' NOT NULL,
    probe_share DOUBLE PRECISION,
    probe_seconds DOUBLE PRECISION,
    verdict TEXT,
    finding_codes TEXT[] DEFAULT '{}' NOT NULL,
    is_diagnosis_final BOOLEAN DEFAULT false NOT NULL,
    parent_run_id UUID,
    parent_step BIGINT,
    CONSTRAINT pk_runs PRIMARY KEY (id),
    CONSTRAINT ck_runs_status
        CHECK (status IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
    CONSTRAINT ck_runs_ended_at CHECK ((ended_at IS NULL) = (status IN ('queued', 'running'))),
    CONSTRAINT ck_runs_stop_reason CHECK ((stop_reason IS NULL) = (ended_at IS NULL)),
    CONSTRAINT ck_runs_lease CHECK (status <> 'running' OR lease_expires_at IS NOT NULL),
    CONSTRAINT fk_runs_workspace_id FOREIGN KEY (workspace_id)
        REFERENCES workspaces (id) ON DELETE CASCADE,
    CONSTRAINT fk_runs_dataset_id FOREIGN KEY (dataset_id)
        REFERENCES datasets (id) ON DELETE SET NULL,
    CONSTRAINT fk_runs_worker_id FOREIGN KEY (worker_id)
        REFERENCES workers (id) ON DELETE SET NULL,
    CONSTRAINT fk_runs_parent_run_id FOREIGN KEY (parent_run_id)
        REFERENCES runs (id) ON DELETE SET NULL
)
 WITH (fillfactor = 50)
    """,
    """
CREATE INDEX ix_runs_dataset_id
    ON runs (dataset_id)
    """,
    """
CREATE INDEX ix_runs_parent_run_id
    ON runs (parent_run_id)
    """,
    """
CREATE INDEX ix_runs_queued
    ON runs (priority, id)
    WHERE status = 'queued'
    """,
    """
CREATE INDEX ix_runs_running
    ON runs (workspace_id)
    WHERE status = 'running'
    """,
    """
CREATE INDEX ix_runs_worker_id
    ON runs (worker_id)
    """,
    """
CREATE INDEX ix_runs_workspace_id_created_at_id
    ON runs (workspace_id, created_at, id)
    """,
    """
CREATE TABLE events (
    run_id UUID NOT NULL,
    number BIGINT NOT NULL,
    kind TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    data JSONB DEFAULT '{}' NOT NULL,
    CONSTRAINT pk_events PRIMARY KEY (run_id, number),
    CONSTRAINT fk_events_run_id FOREIGN KEY (run_id)
        REFERENCES runs (id) ON DELETE CASCADE
)
    """,
    """
CREATE TABLE diagnoses (
    run_id UUID NOT NULL,
    attempt INTEGER NOT NULL,
    as_of_step INTEGER,
    is_final BOOLEAN NOT NULL,
    rules_version TEXT NOT NULL,
    verdict TEXT NOT NULL,
    summary TEXT NOT NULL,
    not_assessed JSONB DEFAULT '[]' NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_diagnoses PRIMARY KEY (run_id),
    CONSTRAINT fk_diagnoses_run_id FOREIGN KEY (run_id)
        REFERENCES runs (id) ON DELETE CASCADE
)
    """,
    """
CREATE TABLE findings (
    run_id UUID NOT NULL,
    position INTEGER NOT NULL,
    code TEXT NOT NULL,
    state TEXT NOT NULL,
    impact TEXT NOT NULL,
    severity TEXT NOT NULL,
    confidence DOUBLE PRECISION NOT NULL,
    first_step INTEGER NOT NULL,
    last_step INTEGER NOT NULL,
    resolved_step INTEGER,
    scope TEXT NOT NULL,
    threshold JSONB NOT NULL,
    evidence JSONB NOT NULL,
    cause JSONB,
    explanation TEXT NOT NULL,
    remedies JSONB DEFAULT '[]' NOT NULL,
    CONSTRAINT pk_findings PRIMARY KEY (run_id, position),
    CONSTRAINT fk_findings_run_id FOREIGN KEY (run_id)
        REFERENCES diagnoses (run_id) ON DELETE CASCADE
)
    """,
    """
CREATE INDEX ix_findings_code
    ON findings (code)
    """,
)
TABLES = (
    "workspaces",
    "api_keys",
    "idempotency_keys",
    "workers",
    "datasets",
    "dataset_parts",
    "runs",
    "events",
    "diagnoses",
    "findings",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    for table in TABLES:
        refuse_to_lose(table)
    for table in reversed(TABLES):
        op.drop_table(table)
