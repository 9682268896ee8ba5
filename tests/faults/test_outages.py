"""The database is away for longer than a lease: training goes on, and no reading is lost."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import create_engine, make_url, text

from tests.faults.worker_group import WorkerGroup
from tests.worker.supervision.runs import ENDLESS, make_spec
from tests.workers import wait_until

#: Longer than the fast preset's lease of 4 s.
OUTAGE_S = 6.0


def test_a_run_lives_through_an_outage_longer_than_its_lease(group: WorkerGroup) -> None:
    group.of(1)
    run_id = group.submit(make_spec(training=ENDLESS))
    before = group.runs.wait_for_step(run_id)

    with closed(group.database_url):
        time.sleep(OUTAGE_S)

    def has_caught_up() -> bool:
        return group.runs.get(run_id).progress_step > before.progress_step

    wait_until(has_caught_up, within_s=20)
    group.cancel(run_id)
    run = group.runs.wait_for_end(run_id)
    assert (run.attempt, run.crash_count) == (1, 0)
    assert group.runs.steps(run_id) == list(range(run.progress_step))


def test_a_run_in_progress_is_diagnosed_while_it_runs(group: WorkerGroup) -> None:
    group.of(1)
    run_id = group.submit(make_spec(training=ENDLESS))

    wait_until(lambda: group.runs.get(run_id).verdict is not None, within_s=30)

    assert not group.runs.get(run_id).is_diagnosis_final


@contextmanager
def closed(database_url: str) -> Iterator[None]:
    """Everybody is thrown out of the database and nobody let in."""
    url = make_url(database_url)
    admin = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"ALTER DATABASE {url.database} ALLOW_CONNECTIONS false"))
        everybody = text(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
        )
        connection.execute(everybody, {"name": url.database})
        try:
            yield
        finally:
            connection.execute(text(f"ALTER DATABASE {url.database} ALLOW_CONNECTIONS true"))
    admin.dispose()
