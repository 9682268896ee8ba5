"""A database is brought to the newest schema, whoever else tries at the same moment."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import create_engine, inspect, text

from app.domain.errors import Unavailable
from app.migration import migrate


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
