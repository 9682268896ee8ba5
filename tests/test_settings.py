"""The environment is read once, and what is wrong with it is named."""

import re
from pathlib import Path
from traceback import format_exception

import pytest
from pydantic import ValidationError

from app.domain.errors import Misconfigured
from app.settings import Serving, Settings, database_dialect

COMPLETE = {
    "CLINIC_HOME": "/srv/clinic",
    "CLINIC_SECRET": "s" * 32,
    "CLINIC_DATABASE_URL": "postgresql+psycopg://clinic:pw@db/clinic",
    "CLINIC_BROKER_URL": "redis://:pw@broker/0",
}


def test_what_is_not_said_has_its_default():
    settings = Settings.read(COMPLETE)

    assert settings.home == Path("/srv/clinic")
    assert settings.threads_per_run == 1
    assert settings.lease_s == 20.0
    assert settings.max_crashes == 3


@pytest.mark.parametrize("name", ["CLINIC_SECRET", "CLINIC_DATABASE_URL", "CLINIC_BROKER_URL"])
def test_what_has_no_usable_default_is_asked_for(name):
    with pytest.raises(Misconfigured, match=name):
        Settings.read(COMPLETE | {name: ""})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CLINIC_SECRET", "short"),
        ("CLINIC_DATABASE_URL", "sqlite:///here.db"),
        ("CLINIC_SLOTS", "0"),
        ("CLINIC_SLOTS", "two"),
        ("CLINIC_THREADS_PER_RUN", "-1"),
        ("CLINIC_MAX_CRASHES", "0"),
        ("CLINIC_HEARTBEAT_S", "nan"),
        ("CLINIC_TIMING", "slow"),
        ("CLINIC_LOG_LEVEL", "loud"),
        ("CLINIC_MAX_UPLOAD_BYTES", "64MB"),
        ("CLINIC_MAX_RUNNING_RUNS", "0"),
        ("CLINIC_RETENTION_DAYS", "0"),
        ("CLINIC_AUDIT_RETENTION_DAYS", "0"),
        ("CLINIC_CHECKPOINT_EVERY_S", "inf"),
    ],
)
def test_a_wrong_value_is_refused_under_its_name(name, value):
    with pytest.raises(Misconfigured, match=name):
        Settings.read(COMPLETE | {name: value})


def test_quotas_and_retention_are_read():
    usual = Settings.read(COMPLETE)
    said = {"CLINIC_MAX_ROWS": "7", "CLINIC_RETENTION_DAYS": "30"}
    settings = Settings.read(COMPLETE | said)

    assert (usual.quotas.max_rows, usual.retention_days) == (10_000_000, None)
    assert (settings.quotas.max_rows, settings.retention_days) == (7, 30)
    assert settings.quotas.max_queued_runs == usual.quotas.max_queued_runs


def test_time_limits_of_runs_are_read():
    said = {"CLINIC_DEFAULT_TIME_LIMIT_S": "60", "CLINIC_MAX_TIME_LIMIT_S": "3600"}

    usual, limited = Settings.read(COMPLETE).time_limits, Settings.read(COMPLETE | said).time_limits

    assert (usual.default_s, usual.max_s) == (None, None)
    assert (limited.default_s, limited.max_s) == (60, 3600)


def test_a_default_time_limit_above_the_largest_is_refused():
    said = {"CLINIC_DEFAULT_TIME_LIMIT_S": "61", "CLINIC_MAX_TIME_LIMIT_S": "60"}

    with pytest.raises(Misconfigured, match="CLINIC_DEFAULT_TIME_LIMIT_S must be at most"):
        Settings.read(COMPLETE | said)


def test_a_lease_shorter_than_three_heartbeats_is_refused():
    with pytest.raises(Misconfigured, match="CLINIC_LEASE_S"):
        Settings.read(COMPLETE | {"CLINIC_LEASE_S": "10"})


def test_the_fast_preset_can_be_overridden_in_part():
    settings = Settings.read(COMPLETE | {"CLINIC_TIMING": "fast", "CLINIC_SWEEP_S": "0.5"})

    assert (settings.heartbeat_s, settings.lease_s, settings.sweep_s) == (1.0, 4.0, 0.5)
    assert settings.stalled_after_s == 10.0


def test_a_session_may_stall_for_as_long_as_a_lease():
    assert Settings.read(COMPLETE).stalled_after_s == 20.0


def test_origins_are_separated_by_commas():
    settings = Settings.read(
        COMPLETE | {"CLINIC_CORS_ORIGINS": "https://a.example, https://b.example"}
    )

    assert settings.cors_origins == ("https://a.example", "https://b.example")


def test_settings_are_frozen():
    settings = Settings.read(COMPLETE)

    with pytest.raises(ValidationError, match="frozen"):
        settings.slots = 2


def test_nothing_but_the_given_mapping_is_read(monkeypatch):
    monkeypatch.setenv("CLINIC_MAX_CRASHES", "7")

    assert Settings.read(COMPLETE).max_crashes == 3
    assert Serving(home=Path("/srv/clinic")).database_url is None


def test_secrets_do_not_show_when_settings_are_printed():
    shown = repr(Settings.read(COMPLETE)) + str(Serving.read(COMPLETE))

    assert "s" * 32 not in shown
    assert "pw" not in shown


@pytest.mark.parametrize(
    ("name", "value"),
    [("CLINIC_SECRET", "too-short"), ("CLINIC_DATABASE_URL", "mysql://clinic:hidden@db")],
)
def test_a_wrong_secret_does_not_show_in_its_error(name, value):
    with pytest.raises(Misconfigured) as caught:
        Settings.read(COMPLETE | {name: value})

    assert value not in "".join(format_exception(caught.value))


def test_a_wrong_value_is_shown_in_its_error():
    with pytest.raises(Misconfigured, match=r"CLINIC_SLOTS: .*greater than .* 1, not '0'\."):
        Settings.read(COMPLETE | {"CLINIC_SLOTS": "0"})


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_way_to_write_a_postgresql_url_leads_to_psycopg(scheme):
    assert database_dialect(f"{scheme}://db/clinic") == "postgresql+psycopg://db/clinic"


def test_serving_needs_nothing_when_the_servers_are_embedded():
    serving = Serving.read({"CLINIC_HOME": "/srv/clinic"})

    assert (serving.host, serving.port, serving.workers) == ("127.0.0.1", 8000, 1)
    assert serving.database_url is None


def test_one_url_without_the_other_is_refused():
    with pytest.raises(Misconfigured, match="both"):
        Serving.read({"CLINIC_BROKER_URL": "redis://broker"})


def test_serving_from_own_servers_needs_a_secret():
    with pytest.raises(Misconfigured, match="CLINIC_SECRET"):
        Serving.read(COMPLETE | {"CLINIC_SECRET": ""})


TABLE = Path(__file__).parents[1] / "docs/operations.md"
FIELDS = {**Settings.model_fields, **Serving.model_fields}


def documented_variables():
    """Names in the first column of the table; `_B` after `CLINIC_A_C` is `CLINIC_A_B`."""
    for line in TABLE.read_text().splitlines():
        if line.startswith("| `CLINIC_"):
            first, *others = re.findall(r"`([A-Z_]+)`", line.split("|")[1])
            yield first
            for name in others:
                parents = [first[: match.start()] for match in re.finditer("_", first)]
                yield from [f"{parent}{name}" for parent in parents] if name[0] == "_" else [name]


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_is_explained_and_in_the_table_of_settings(name):
    assert FIELDS[name].description
    assert f"CLINIC_{name.upper()}" in set(documented_variables())
