"""`clinic keys` is the way back for an owner whose keys are lost."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli import main
from app.domain.access import Caller, Scope
from app.domain.audit import Act
from app.domain.errors import Unauthenticated
from app.services.accounts.authenticate import authenticate
from app.services.accounts.create_workspace import create_workspace
from app.settings import Settings
from app.store.audit import page_of_acts
from app.store.database import make_engine, unit_of_work
from app.supervision.admin_key import make_admin_key, read_admin_key
from tests.databases import Databases


@pytest.fixture
def settings(
    databases: Databases, home: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Settings]:
    """Those of an installation with an admin key; the commands find it by its home."""
    url, secret = databases.migrated(), "a" * 32
    (home / "secret").write_text(secret)
    (home / "database-url").write_text(url)
    for name in ("CLINIC_SECRET", "CLINIC_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLINIC_HOME", str(home))
    made = Settings(home=home, secret=secret, database_url=url, broker_url="redis://nowhere")
    make_admin_key(made)
    yield made
    databases.drop(url)


def caller(settings: Settings, key: str) -> Caller:
    engine = make_engine(settings.database_url, pool_size=1)
    try:
        with unit_of_work(engine) as work:
            return authenticate(work, secret=settings.secret, key=key)
    finally:
        engine.dispose()


def output(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    assert main(["keys", *arguments]) == 0
    return capsys.readouterr().out.splitlines()


def test_a_key_is_made_where_every_other_one_is_revoked(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    first = read_admin_key(settings.home)
    [_, line] = output(capsys, "list")
    output(capsys, "revoke", line.split()[0])
    [made] = output(capsys, "create", "--as-admin-key")
    [_, *lines] = output(capsys, "list")

    with pytest.raises(Unauthenticated):
        caller(settings, first)
    assert caller(settings, made).scopes == set(Scope)
    assert read_admin_key(settings.home) == made
    assert [line.split()[2] for line in lines] == ["revoked", "valid"]


def test_what_is_done_at_the_machine_is_audited(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    [made] = output(capsys, "create")
    key_id = str(caller(settings, made).key_id)
    output(capsys, "revoke", key_id)

    engine = make_engine(settings.database_url, pool_size=1)
    with unit_of_work(engine) as work:
        found = page_of_acts(work.session, None, act=None, limit=2, after=None)
    engine.dispose()

    assert [(act.act, str(act.subject_id)) for act in found] == [
        (Act.KEY_REVOKED, key_id),
        (Act.KEY_CREATED, key_id),
    ]
    assert all(act.principal.startswith("machine:") for act in found)


def test_a_key_has_the_scopes_and_the_workspace_that_are_asked_for(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    operator = caller(settings, read_admin_key(settings.home))
    engine = make_engine(settings.database_url, pool_size=1)
    with unit_of_work(engine) as work:
        other = create_workspace(
            work,
            caller_workspace_id=operator.workspace_id,
            name="other",
            own_quotas={},
            secret=settings.secret,
        ).workspace
    engine.dispose()

    [made] = output(capsys, "create", "--workspace", "other", "--scope", "runs:read")
    found = caller(settings, made)

    assert found.workspace_id == other.id
    assert found.scopes == {"runs:read"}
    assert output(capsys, "list", "--workspace", str(other.id))[-1].split()[0] == str(found.key_id)
    assert read_admin_key(settings.home) != made


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["list", "--workspace", "nobody"], "There is no workspace nobody"),
        (["revoke", "01890000-0000-7000-8000-000000000000"], "no such resource"),
    ],
)
def test_what_is_not_there_is_told_in_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    status = main(["keys", *arguments])

    assert status == 1
    assert words in capsys.readouterr().err


def test_a_home_without_an_installation_is_named(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CLINIC_HOME", str(home))
    for name in ("CLINIC_SECRET", "CLINIC_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)

    status = main(["keys", "list"])

    assert status == 1
    assert "CLINIC_HOME" in capsys.readouterr().err


@pytest.mark.usefixtures("settings")
def test_another_secret_makes_no_key(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CLINIC_SECRET", "b" * 32)

    status = main(["keys", "create"])

    assert status == 1
    assert "CLINIC_SECRET is not the one" in capsys.readouterr().err


@pytest.mark.usefixtures("settings")
def test_a_database_that_is_away_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CLINIC_DATABASE_URL", "postgresql+psycopg://nobody@127.0.0.1:1/none")

    status = main(["keys", "list"])

    assert status == 1
    assert "start `clinic serve`" in capsys.readouterr().err
