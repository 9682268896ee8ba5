"""The experiments of `make chaos` with small counts: the same code, the same checks."""

import secrets
from collections.abc import Callable, Iterator
from random import Random

import pytest

from tests.faults.clinic import NO_RATES, Clinic, open_clinic
from tests.faults.crash_points import Kind
from tests.faults.experiments.artifact_disk import lose_the_artifacts
from tests.faults.experiments.broker import lose_the_broker
from tests.faults.experiments.checkpoints import damage_checkpoints
from tests.faults.experiments.costly_bodies import send_costly_bodies
from tests.faults.experiments.crash_points import Case, rehearse
from tests.faults.experiments.crowd import serve_a_crowd
from tests.faults.experiments.database import lose_the_database
from tests.faults.experiments.endurance import go_on_for_long
from tests.faults.experiments.kills import kill_at_random
from tests.faults.experiments.large_uploads import short_words, upload_much
from tests.faults.experiments.zombies import wake_zombies
from tests.faults.injecting import injected
from tests.faults.results import Result

#: One of each kind, in each of the processes, before, in and after a transaction.
CASES = (
    Case(name="post committed, notification not sent", kind=Kind.KILL),
    Case(name="claim not committed", kind=Kind.RAISE),
    Case(name="batch committed, not acknowledged", kind=Kind.RAISE),
    Case(name="batch not committed", kind=Kind.KILL),
    Case(name="checkpoint renamed, no row", kind=Kind.STOP),
    Case(name="run judged, end not stored", kind=Kind.KILL),
    Case(name="end not committed", kind=Kind.KILL),
)


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    """Its workers save often and forgive crashes, and faults are injected in them."""
    folder = tmp_path_factory.mktemp("experiments")
    frequent = {"CLINIC_CHECKPOINT_EVERY_S": "0.1", "CLINIC_MAX_CRASHES": "1000"}
    with open_clinic(
        folder / "home", **frequent, **NO_RATES, **injected(folder / "order")
    ) as opened:
        yield opened


def carry_out(clinic: Clinic, experiment: Callable[[Clinic, Random], Result]) -> None:
    seed = secrets.randbits(32)
    result = experiment(clinic, Random(seed))  # noqa: S311 - a seed is to repeat it
    assert result.passed, f"seed {seed}: {result.complaints}"


def test_runs_that_are_killed_at_random_end_as_undisturbed_ones(clinic: Clinic) -> None:
    carry_out(
        clinic,
        lambda clinic, random: kill_at_random(clinic, random, num_runs=3, num_kills=3),
    )


def test_a_worker_that_slept_beyond_its_lease_writes_nothing_when_it_wakes(
    clinic: Clinic,
) -> None:
    carry_out(clinic, lambda clinic, random: wake_zombies(clinic, random, num_zombies=1))


def test_at_named_moments_a_process_may_die_sleep_or_fail(clinic: Clinic) -> None:
    carry_out(clinic, lambda clinic, random: rehearse(clinic, random, cases=CASES))


def test_a_broker_that_dies_costs_nothing(clinic: Clinic) -> None:
    def lose(clinic: Clinic, random: Random) -> Result:
        return lose_the_broker(
            clinic, random, num_kills=1, num_flushes=0, num_silences=0, silence_s=0
        )

    carry_out(clinic, lose)


def test_a_database_that_goes_away_or_loses_a_reply_costs_nothing(
    clinic: Clinic,
) -> None:
    def lose(clinic: Clinic, random: Random) -> Result:
        # other tests use the machine too: tests/api/test_outages.py holds the API to two seconds
        return lose_the_database(
            clinic, random, outages_s=[2.0], num_lost_replies=1, refuse_within_s=5.0
        )

    carry_out(clinic, lose)


def test_a_disk_that_is_full_read_only_or_away_costs_no_weights(
    clinic: Clinic, mounts: None
) -> None:
    carry_out(clinic, lambda clinic, random: lose_the_artifacts(clinic, random, num_each=1))


def test_a_damaged_checkpoint_is_noticed_and_the_one_before_it_serves(
    clinic: Clinic,
) -> None:
    # its runs are claimed here, not by workers
    clinic.group.of(0)
    carry_out(
        clinic,
        lambda clinic, random: damage_checkpoints(clinic, random, num_checkpoints=10),
    )


@pytest.mark.alone
def test_costly_bodies_stall_nobody(clinic: Clinic) -> None:
    carry_out(clinic, lambda clinic, random: send_costly_bodies(clinic, random, every=3))


@pytest.mark.alone
def test_a_large_upload_is_stored_and_delays_nobody(clinic: Clinic) -> None:
    carry_out(
        clinic,
        lambda clinic, random: upload_much(clinic, random, contents=(short_words,), size_mib=62),
    )


@pytest.mark.alone
def test_a_crowd_of_runs_is_served_in_turns(clinic: Clinic) -> None:
    carry_out(clinic, lambda clinic, random: serve_a_crowd(clinic, random, num_runs=60, quiet_s=0))


def test_runs_and_requests_leave_nothing_behind_in_the_processes(clinic: Clinic) -> None:
    carry_out(
        clinic,
        lambda clinic, random: go_on_for_long(clinic, random, num_runs=40, num_requests=800),
    )
