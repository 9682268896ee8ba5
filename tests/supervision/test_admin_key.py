"""A start with another secret than the first one's would refuse every key: it is refused itself."""

from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
from fastapi import FastAPI

from app.cli import main
from app.domain.errors import Misconfigured
from app.main import create_app
from app.settings import Settings
from app.supervision.admin_key import admin_key_file, make_admin_key
from tests.databases import Databases


@pytest.fixture
def settings(databases: Databases, home: Path) -> Iterator[Settings]:
    """On a migrated database that nobody has started on yet."""
    url = databases.migrated()
    yield Settings(home=home, secret="a" * 32, database_url=url, broker_url="redis://nowhere")
    databases.drop(url)


def start_and_stop(app: FastAPI) -> None:
    async def live() -> None:
        async with app.router.lifespan_context(app):
            pass

    anyio.run(live)


def test_the_first_start_leaves_a_key_and_later_ones_none(settings: Settings):
    key = make_admin_key(settings)

    assert key is not None
    assert admin_key_file(settings.home).read_text().strip() == key
    assert make_admin_key(settings) is None


def test_a_start_with_another_secret_is_refused_and_names_the_variable(settings: Settings):
    make_admin_key(settings)
    other = settings.model_copy(update={"secret": "b" * 32})

    with pytest.raises(Misconfigured, match="CLINIC_SECRET is not the one"):
        make_admin_key(other)
    with pytest.raises(Misconfigured, match="CLINIC_SECRET is not the one"):
        start_and_stop(create_app(other))

    start_and_stop(create_app(settings))


def test_an_api_starts_before_its_database_answers(settings: Settings):
    nowhere = "postgresql+psycopg://nobody@127.0.0.1:1/none"

    start_and_stop(create_app(settings.model_copy(update={"database_url": nowhere})))


def test_the_command_prints_the_key_of_the_home(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    key = make_admin_key(settings)
    monkeypatch.setenv("CLINIC_HOME", str(settings.home))

    status = main(["admin-key"])

    assert status == 0
    assert capsys.readouterr().out == f"{key}\n"


def test_without_a_key_the_command_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("CLINIC_HOME", str(tmp_path))

    status = main(["admin-key"])

    assert status == 1
    assert "Start `clinic serve` once" in capsys.readouterr().err
