"""The experiments of `make chaos` with small counts: the same code, the same checks."""

import secrets
from collections.abc import Callable, Iterator
from random import Random

import pytest

from tests.faults.crash_points import Kind
from tests.faults.experiments.broker import lose_the_broker
from tests.faults.experiments.checkpoints import damage_checkpoints
from tests.faults.experiments.crash_points import Case, rehearse
from tests.faults.experiments.database import lose_the_database
from tests.faults.experiments.kills import kill_at_random
from tests.faults.experiments.zombies import wake_zombies
from tests.faults.planting import planted
from tests.faults.results import Result
from tests.faults.site import Site, open_site

#: One of each kind, in each of the processes, before, in and after a transaction.
CASES = (
    Case(name="post committed, notification not sent", kind=Kind.KILL),
    Case(name="claim not committed", kind=Kind.RAISE),
    Case(name="batch committed, not acknowledged", kind=Kind.RAISE),
    Case(name="batch not committed", kind=Kind.KILL),
    Case(name="checkpoint renamed, no row", kind=Kind.STOP),
    Case(name="end not committed", kind=Kind.KILL),
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Its workers save often and forgive crashes, and faults are planted in them."""
    folder = tmp_path_factory.mktemp("experiments")
    frequent = {"CLINIC_CHECKPOINT_EVERY_S": "0.1", "CLINIC_MAX_CRASHES": "1000"}
    with open_site(folder / "home", **frequent, **planted(folder / "order")) as opened:
        yield opened


def carry_out(site: Site, experiment: Callable[[Site, Random], Result]) -> None:
    seed = secrets.randbits(32)
    result = experiment(site, Random(seed))  # noqa: S311 - a seed is to repeat it
    assert result.passed, f"seed {seed}: {result.complaints}"


def test_runs_that_are_killed_at_random_end_as_undisturbed_ones(site: Site) -> None:
    carry_out(site, lambda site, random: kill_at_random(site, random, num_runs=3, num_kills=3))


def test_a_worker_that_slept_beyond_its_lease_writes_nothing_when_it_wakes(site: Site) -> None:
    carry_out(site, lambda site, random: wake_zombies(site, random, num_zombies=1))


def test_at_named_moments_a_process_may_die_sleep_or_fail(site: Site) -> None:
    carry_out(site, lambda site, random: rehearse(site, random, cases=CASES))


def test_a_broker_that_dies_costs_nothing(site: Site) -> None:
    def lose(site: Site, random: Random) -> Result:
        return lose_the_broker(
            site, random, num_kills=1, num_flushes=0, num_silences=0, silence_s=0
        )

    carry_out(site, lose)


def test_a_database_that_goes_away_or_loses_a_reply_costs_nothing(site: Site) -> None:
    def lose(site: Site, random: Random) -> Result:
        # other tests use the machine too: tests/api/test_outages.py holds the API to two seconds
        return lose_the_database(
            site, random, outages_s=[2.0], num_lost_replies=1, refuse_within_s=5.0
        )

    carry_out(site, lose)


def test_a_damaged_checkpoint_is_noticed_and_the_one_before_it_serves(site: Site) -> None:
    # its runs are claimed here, not by workers
    site.crew.of(0)
    carry_out(site, lambda site, random: damage_checkpoints(site, random, num_checkpoints=10))
