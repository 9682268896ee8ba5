"""A database is brought to the newest schema, whoever else tries at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.orm import Session

from app.domain.diagnosis.remedy import Remedy
from app.domain.errors import Conflict, Unavailable
from app.domain.specs.job import JobSpec
from app.domain.specs.patch import as_document
from app.migration import FOLDER, downgrade, migrate
from app.store.checkpoints import record_checkpoint
from app.store.database import make_engine
from app.store.diagnoses import load_diagnosis, save_diagnosis
from app.store.runs import find_run
from app.store.telemetry import append_batch
from app.store.workspaces import insert_workspace
from tests.store.builders import a_batch, a_diagnosis, a_finding, claimed_run


def test_four_processes_may_migrate_at_once(empty_database_url: str):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(migrate, [empty_database_url] * 4))

    engine = create_engine(empty_database_url)
    with engine.connect() as connection:
        versions = connection.execute(text("SELECT version_num FROM alembic_version")).all()
    assert len(versions) == 1
    assert "runs" in inspect(engine).get_table_names()
    engine.dispose()


def test_a_database_that_is_not_there_is_told_in_a_sentence() -> None:
    with pytest.raises(Unavailable, match="cannot be used: connection failed"):
        migrate("postgresql+psycopg://clinic:secret@127.0.0.1:1/clinic")


@pytest.fixture
def filled_url(empty_database_url: str) -> str:
    """A database with a run that has readings and a checkpoint."""
    migrate(empty_database_url)
    engine = make_engine(empty_database_url)
    with Session(engine) as session, session.begin():
        run = claimed_run(session, insert_workspace(session, name="mine").id)
        append_batch(session, run_id=run.id, attempt=1, seq=0, batch=a_batch())
        record_checkpoint(
            session, run_id=run.id, attempt=1, step=3, name="c", num_bytes=1, sha256="ab"
        )
    engine.dispose()
    return empty_database_url


def rows(url: str, table: str) -> int | None:
    """None where there is no such table."""
    engine = create_engine(url)
    with engine.connect() as connection:
        is_there = inspect(connection).has_table(table)
        query = text(f"SELECT count(*) FROM {table}")  # noqa: S608 - a name of the test's own
        found: int | None = connection.execute(query).scalar_one() if is_there else None
    engine.dispose()
    return found


def test_a_downgrade_that_would_delete_checkpoints_is_refused(
    filled_url: str,
) -> None:
    with pytest.raises(Conflict, match=r"`checkpoints`.*--lose-data"):
        downgrade(filled_url, revision="0005")

    assert rows(filled_url, "checkpoints") == 1
    assert rows(filled_url, "workspaces") == 1


def test_alembic_s_own_command_is_refused_too(filled_url: str) -> None:
    engine = create_engine(filled_url)
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    with pytest.raises(Conflict), engine.begin() as connection:  # noqa: PT012 - one transaction
        config.attributes["connection"] = connection
        command.downgrade(config, "0005")
    engine.dispose()

    assert rows(filled_url, "checkpoints") == 1


def test_a_downgrade_that_may_lose_data_deletes_them(filled_url: str) -> None:
    downgrade(filled_url, revision="0005", lose_data=True)

    assert rows(filled_url, "checkpoints") is None
    assert rows(filled_url, "telemetry_chunks") == 1


def test_a_downgrade_that_deletes_nothing_needs_no_permission(
    empty_database_url: str,
) -> None:
    migrate(empty_database_url)

    downgrade(empty_database_url, revision="0005")
    migrate(empty_database_url)

    assert rows(empty_database_url, "checkpoints") == 0


@pytest.mark.parametrize(("stored", "read"), [(0.05, None), (0.2, 0.2), (0, 0.0), (None, None)])
def test_the_default_probe_budget_of_an_older_release_becomes_null(
    empty_database_url: str, stored: float | None, read: float | None
) -> None:
    # written with the newest schema, then taken back, since today's store knows no other
    migrate(empty_database_url)
    spec = JobSpec.model_validate(
        {"model": {"kind": "gru"}, "dataset": {"kind": "adding"}, "probes": {"budget": stored}}
    )
    remedies = tuple(
        Remedy(kind=kind, patch={}, reason="r", source="s", body=body)
        for kind, body in (("first", as_document(spec)), ("second", {"name": "no probes"}))
    )
    engine = create_engine(empty_database_url)
    with Session(engine) as session, session.begin():
        workspace_id = insert_workspace(session, name="mine").id
        run = claimed_run(session, workspace_id, spec=spec)
        found = replace(a_finding(), remedies=remedies)
        save_diagnosis(session, run_id=run.id, attempt=run.attempt, diagnosis=a_diagnosis(found))

    downgrade(empty_database_url, revision="0010", lose_data=True)
    migrate(empty_database_url)

    with Session(engine) as session:
        run = find_run(session, workspace_id, run.id)
        diagnosis = load_diagnosis(session, run.id)
    engine.dispose()
    assert run.spec.probes.budget == read
    assert diagnosis is not None
    first, second = diagnosis.findings[0].remedies
    assert JobSpec.model_validate(first.body).probes.budget == read
    assert (first.kind, second) == ("first", remedies[1])
