"""A database is brought to the newest schema, whoever else tries at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine, inspect, text
from sqlalchemy.orm import Session

from app.domain.diagnosis.remedy import Remedy
from app.domain.errors import Unavailable
from app.domain.specs.job import JobSpec
from app.domain.specs.patch import as_document
from app.migration import FOLDER, migrate
from app.store.diagnoses import load_diagnosis, save_diagnosis
from app.store.runs import find_run
from app.store.workspaces import insert_workspace
from tests.store.builders import a_diagnosis, a_finding, claimed_run


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

    _downgrade(engine, revision="0010")
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


def _downgrade(engine: Engine, *, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, revision)
