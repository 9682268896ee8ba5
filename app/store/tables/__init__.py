"""The definition of every table. Migrations create them; a test compares both.

Identifiers are UUIDv7 from `app.store.ids.new_id`. Times are aware and in UTC.
"""

from app.store.tables.accounts import (
    api_keys,
    browser_sessions,
    idempotency_keys,
    installation,
    workspaces,
)
from app.store.tables.audit import audited_acts
from app.store.tables.columns import metadata
from app.store.tables.predictions import predictions
from app.store.tables.resources import dataset_parts, dataset_references, datasets, workers
from app.store.tables.runs import artifacts, checkpoints, diagnoses, events, findings, runs
from app.store.tables.telemetry import (
    PARTITIONED,
    position_readings,
    probe_gaps,
    probe_readings,
    scalar_readings,
    score_details,
    telemetry_chunks,
    telemetry_windows,
)
from app.store.tables.trials import trial_runs, trials

__all__ = [
    "PARTITIONED",
    "api_keys",
    "artifacts",
    "audited_acts",
    "browser_sessions",
    "checkpoints",
    "dataset_parts",
    "dataset_references",
    "datasets",
    "diagnoses",
    "events",
    "findings",
    "idempotency_keys",
    "installation",
    "metadata",
    "position_readings",
    "predictions",
    "probe_gaps",
    "probe_readings",
    "runs",
    "scalar_readings",
    "score_details",
    "telemetry_chunks",
    "telemetry_windows",
    "trial_runs",
    "trials",
    "workers",
    "workspaces",
]
