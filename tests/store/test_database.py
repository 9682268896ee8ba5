"""The unit of work commits once and then calls back; a database that is away is said to be."""

import select as select_module
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import IntegrityError

from app.domain.errors import NotFound, Unavailable
from app.store.database import make_engine, unit_of_work
from app.store.ids import first_id_of, new_id
from app.store.tables import workspaces
from app.store.workspaces import insert_workspace


def count(engine: Engine, workspace_id: UUID) -> int:
    with unit_of_work(engine) as work:
        statement = select(func.count()).where(workspaces.c.id == workspace_id)
        return work.session.execute(statement).scalar_one()


def test_callbacks_come_after_the_commit(engine: Engine, committed_workspace_id: UUID) -> None:
    seen = []

    with unit_of_work(engine) as work:
        work.session.execute(workspaces.update().values(name="new"))
        work.after_commit(lambda: seen.append(count(engine, committed_workspace_id)))
        assert seen == []

    assert seen == [1]


def test_an_error_rolls_back_and_calls_nobody(engine: Engine) -> None:
    seen: list[int] = []

    def fail() -> UUID:
        with unit_of_work(engine) as work:
            made = insert_workspace(work.session, name="never").id
            ids.append(made)
            work.after_commit(lambda: seen.append(1))
            raise NotFound

    ids: list[UUID] = []
    with pytest.raises(NotFound):
        fail()

    assert count(engine, ids[0]) == 0
    assert seen == []


def test_a_commit_that_fails_is_an_error_and_calls_nobody(engine: Engine) -> None:
    seen: list[int] = []
    deferred = "CREATE TABLE broken (id int UNIQUE DEFERRABLE INITIALLY DEFERRED)"
    with unit_of_work(engine) as work:
        work.session.execute(text(deferred))

    def break_the_commit() -> None:
        with unit_of_work(engine) as work:
            work.session.execute(text("INSERT INTO broken VALUES (1), (1)"))
            work.after_commit(lambda: seen.append(1))

    with pytest.raises(IntegrityError):
        break_the_commit()

    with unit_of_work(engine) as work:
        work.session.execute(text("DROP TABLE broken"))
    assert seen == []


def test_a_database_that_is_away_is_unavailable() -> None:
    engine = make_engine("postgresql+psycopg://nobody@127.0.0.1:9/none")

    with pytest.raises(Unavailable), unit_of_work(engine) as work:
        work.session.execute(text("SELECT 1"))


def test_a_lost_connection_is_unavailable_and_the_next_one_works(engine: Engine) -> None:
    with pytest.raises(Unavailable), unit_of_work(engine) as work:
        work.session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with unit_of_work(engine) as work:
        assert work.session.execute(text("SELECT 1")).scalar_one() == 1


def test_an_exhausted_pool_is_unavailable_soon(engine: Engine) -> None:
    small = make_engine(
        str(engine.url.render_as_string(hide_password=False)), pool_size=1, pool_timeout_s=0.05
    )

    with unit_of_work(small) as holder:
        holder.session.execute(text("SELECT 1"))
        with pytest.raises(Unavailable), unit_of_work(small) as other:
            other.session.execute(text("SELECT 1"))
    small.dispose()


def test_identifiers_sort_by_the_time_they_were_made(engine: Engine) -> None:
    ids = [new_id() for _ in range(1000)]

    assert len(set(ids)) == 1000
    assert all(made.version == 7 and made.variant == "specified in RFC 4122" for made in ids)
    assert [made.int >> 76 for made in ids] == sorted(made.int >> 76 for made in ids)


def test_a_bound_parts_earlier_identifiers_from_later_ones(engine: Engine) -> None:
    with unit_of_work(engine) as work:
        now = work.session.execute(select(func.now())).scalar_one()

    assert first_id_of(now.replace(year=now.year - 1)) < new_id()
    assert new_id() < first_id_of(now.replace(year=now.year + 1, day=1))


def test_a_transaction_whose_client_is_paused_is_ended(engine: Engine) -> None:
    url = engine.url.render_as_string(hide_password=False)
    impatient = make_engine(url, pool_size=1, stalled_after_s=0.02)

    def pause() -> None:
        with unit_of_work(impatient) as work:
            work.session.execute(text("SELECT 1"))
            driver = work.session.connection().connection.driver_connection
            # returns as soon as the server has closed the connection
            select_module.select([driver.fileno()], [], [], 10)  # type: ignore[union-attr]

    with pytest.raises(Unavailable):
        pause()
    impatient.dispose()
