"""A database is brought to the newest schema, whoever else tries at the same moment."""

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import create_engine, inspect, text

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
