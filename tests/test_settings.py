"""The environment is read once, and what is wrong with it is named."""

from pathlib import Path

import pytest

from app.domain.errors import Misconfigured
from app.settings import database_dialect, read_serving, read_settings

COMPLETE = {
    "CLINIC_HOME": "/srv/clinic",
    "CLINIC_SECRET": "s" * 32,
    "CLINIC_DATABASE_URL": "postgresql+psycopg://clinic:pw@db/clinic",
    "CLINIC_BROKER_URL": "redis://:pw@broker/0",
}


def test_what_is_not_said_has_its_default():
    settings = read_settings(COMPLETE)

    assert settings.home == Path("/srv/clinic")
    assert settings.threads_per_run == 1
    assert settings.timing.lease_s == 20.0
    assert settings.max_crashes == 3


@pytest.mark.parametrize("name", ["CLINIC_SECRET", "CLINIC_DATABASE_URL", "CLINIC_BROKER_URL"])
def test_what_has_no_usable_default_is_asked_for(name):
    with pytest.raises(Misconfigured, match=name):
        read_settings(COMPLETE | {name: ""})


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
    ],
)
def test_a_wrong_value_is_refused_under_its_name(name, value):
    with pytest.raises(Misconfigured, match=name):
        read_settings(COMPLETE | {name: value})


def test_quotas_and_retention_are_read():
    usual = read_settings(COMPLETE)
    said = {"CLINIC_MAX_ROWS": "7", "CLINIC_RETENTION_DAYS": "30"}
    settings = read_settings(COMPLETE | said)

    assert (usual.quotas.max_rows, usual.retention_days) == (10_000_000, None)
    assert (settings.quotas.max_rows, settings.retention_days) == (7, 30)
    assert settings.quotas.max_queued_runs == usual.quotas.max_queued_runs


def test_a_lease_shorter_than_three_heartbeats_is_refused():
    with pytest.raises(Misconfigured, match="CLINIC_LEASE_S"):
        read_settings(COMPLETE | {"CLINIC_LEASE_S": "10"})


def test_the_fast_preset_can_be_overridden_in_part():
    timing = read_settings(COMPLETE | {"CLINIC_TIMING": "fast", "CLINIC_SWEEP_S": "0.5"}).timing

    assert (timing.heartbeat_s, timing.lease_s, timing.sweep_s) == (1.0, 4.0, 0.5)
    assert timing.stalled_after_s == 10.0


def test_a_session_may_stall_for_as_long_as_a_lease():
    assert read_settings(COMPLETE).timing.stalled_after_s == 20.0


def test_secrets_do_not_show_when_settings_are_printed():
    shown = repr(read_settings(COMPLETE)) + repr(read_serving(COMPLETE))

    assert "s" * 32 not in shown
    assert "pw" not in shown


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_way_to_write_a_postgresql_url_leads_to_psycopg(scheme):
    assert database_dialect(f"{scheme}://db/clinic") == "postgresql+psycopg://db/clinic"


def test_serving_needs_nothing_when_the_servers_are_embedded():
    serving = read_serving({"CLINIC_HOME": "/srv/clinic"})

    assert (serving.host, serving.port, serving.workers) == ("127.0.0.1", 8000, 1)
    assert serving.database_url == ""


def test_one_url_without_the_other_is_refused():
    with pytest.raises(Misconfigured, match="both"):
        read_serving({"CLINIC_BROKER_URL": "redis://broker"})
