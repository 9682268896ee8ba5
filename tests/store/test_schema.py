"""Migrations go up and down and say what the tables say; SQL readers see plain rows and no more."""

from uuid import UUID

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, inspect, select, table, text
from sqlalchemy.exc import DBAPIError, ProgrammingError
from sqlalchemy.orm import Session

from app.migration import FOLDER, migrate
from app.store.tables import PARTITIONED, metadata
from app.store.telemetry import append_batch
from tests.domain.builders import job
from tests.store.builders import TENSORS, a_batch, a_profile, claimed_run

VIEWS = ("run_overview", "telemetry", "tensor_telemetry", "gradient_flow")


@pytest.fixture
def alembic(empty_database_url: str, monkeypatch: pytest.MonkeyPatch) -> Config:
    monkeypatch.setenv("CLINIC_DATABASE_URL", empty_database_url)
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    return config


def test_the_migrations_make_what_the_tables_say(alembic: Config) -> None:
    command.upgrade(alembic, "head")

    command.check(alembic)


def test_the_migrations_go_down_and_up_again(alembic: Config, empty_database_url: str) -> None:
    engine = create_engine(empty_database_url)
    command.upgrade(alembic, "head")
    command.downgrade(alembic, "base")
    left = inspect(engine).get_table_names(), inspect(engine).get_view_names()

    command.upgrade(alembic, "head")
    there = set(inspect(engine).get_table_names())
    engine.dispose()

    assert left == (["alembic_version"], [])
    assert set(metadata.tables) <= there


def test_migrating_twice_changes_nothing(empty_database_url: str) -> None:
    migrate(empty_database_url)

    migrate(empty_database_url)


@pytest.mark.parametrize("parent", PARTITIONED)
def test_telemetry_is_partitioned_from_the_start(session: Session, parent: str) -> None:
    query = (
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = CAST(:t AS regclass)"
    )
    found = session.execute(text(query), {"t": parent}).scalars().all()

    assert f"{parent}_default" in found
    assert len(found) >= 4


def test_views_show_one_row_a_reading(session: Session, workspace_id: UUID) -> None:
    run = claimed_run(session, workspace_id, spec=job(training={"num_steps": 700}))
    sent = a_batch(readings=(a_profile(),))
    append_batch(session, run_id=run.id, attempt=1, seq=0, batch=sent)
    assert sent.chunk is not None

    rows = session.execute(text("SELECT * FROM telemetry ORDER BY step")).mappings().all()
    assert [row["step"] for row in rows] == [0, 1, 2, 3]
    assert [row["grad_norm"] for row in rows] == pytest.approx(sent.chunk.scalars["grad_norm"])

    query = "SELECT step, tensor, weight_norm FROM tensor_telemetry ORDER BY step"
    found = {(row.step, row.tensor): row.weight_norm for row in session.execute(text(query))}
    wanted = {
        (step, name): pytest.approx(float(sent.chunk.tensors["weight_norm"][step, column]))
        for step in range(4)
        for column, name in enumerate(TENSORS)
    }
    assert found == wanted

    query = "SELECT lag, log_norm, num_anchors FROM gradient_flow ORDER BY lag"
    lags = [tuple(row) for row in session.execute(text(query))]
    profile = a_profile()
    assert lags == list(zip(range(4), profile.log_norm_T, profile.num_anchors_T, strict=True))

    overview = session.execute(text("SELECT * FROM run_overview")).mappings().one()
    assert (overview["run_id"], overview["num_steps"]) == (run.id, 700)


def test_the_time_of_a_step_is_reckoned_back_from_its_chunk_s(
    session: Session, workspace_id: UUID
) -> None:
    run = claimed_run(session, workspace_id)
    append_batch(session, run_id=run.id, attempt=1, seq=0, batch=a_batch())

    query = """
        SELECT extract(epoch FROM t.recorded_at - c.recorded_at) - (t.elapsed_s - c.elapsed_s[4])
        FROM telemetry t JOIN telemetry_chunks c USING (run_id)
    """
    off = session.execute(text(query)).scalars().all()

    assert [float(seconds) for seconds in off] == pytest.approx([0, 0, 0, 0], abs=1e-5)


def test_the_reader_reads_the_views(session: Session) -> None:
    session.execute(text("SET LOCAL ROLE clinic_reader"))

    for view in VIEWS:
        session.execute(select("*").select_from(table(view)))


@pytest.mark.parametrize("name", ["api_keys", "runs", "dataset_parts"])
def test_the_reader_reads_nothing_else(session: Session, name: str) -> None:
    session.execute(text("SET LOCAL ROLE clinic_reader"))

    with pytest.raises(ProgrammingError, match="permission denied"):
        session.execute(select("*").select_from(table(name)))


def test_the_reader_writes_nothing(session: Session) -> None:
    session.execute(text("SET LOCAL ROLE clinic_reader"))

    with pytest.raises(DBAPIError):
        session.execute(text("DELETE FROM run_overview"))
