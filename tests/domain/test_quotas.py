"""What a workspace may have, and the refusals that carry its numbers."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.domain.errors import InvalidSpec, Problem, QueueFull, QuotaReached, TooManyRuns
from app.domain.estimate import Estimate
from app.domain.quotas import (
    Quotas,
    StoredBytes,
    Usage,
    check_preflight_fits,
    check_queue,
    check_run_fits,
    check_storage,
    spend_run,
)

QUOTAS = Quotas(max_queued_runs=3, max_running_runs=2, max_rows=100, max_storage_bytes=1000)
NOTHING = Usage(queued_runs=0, running_runs=0, rows=0, storage_bytes=0)


def cost(rows: int) -> Estimate:
    return Estimate(parameters=1, memory_bytes=1, seconds=1.0, rows=rows)


def test_a_workspace_without_quotas_of_its_own_has_the_published_ones() -> None:
    quotas = Quotas()

    assert quotas.max_queued_runs == 1000
    assert quotas.max_running_runs == 1000
    assert quotas.max_rows == 10_000_000
    assert quotas.max_storage_bytes == 107_374_182_400
    assert quotas.max_preflights == 100


def test_a_quota_of_a_workspace_s_own_replaces_the_usual_one() -> None:
    overridden = QUOTAS.overridden({"max_rows": 7, "max_queued_runs": None})

    assert overridden == replace(QUOTAS, max_rows=7)


def test_a_quota_of_zero_is_a_quota() -> None:
    assert QUOTAS.overridden({"max_rows": 0}).max_rows == 0


def test_a_run_may_fill_what_is_left_to_the_last_row() -> None:
    check_run_fits(QUOTAS, NOTHING, cost=cost(100))
    check_run_fits(QUOTAS, replace(NOTHING, rows=60), cost=cost(40))


def test_a_run_that_exceeds_what_is_left_by_one_row_is_refused() -> None:
    with pytest.raises(QuotaReached) as refused:
        check_run_fits(QUOTAS, replace(NOTHING, rows=61), cost=cost(40))

    error = refused.value
    assert (error.quota, error.most, error.used, error.wanted) == ("rows", 100, 61, 40)


def test_a_run_larger_than_the_whole_quota_is_an_invalid_spec() -> None:
    with pytest.raises(InvalidSpec) as refused:
        check_run_fits(QUOTAS, NOTHING, cost=cost(101))

    detail = "the run would leave 101 rows of telemetry; the quota of this workspace is 100"
    assert refused.value.problems == (
        Problem(pointer="/training/num_steps", detail=detail, code="run_too_large"),
    )


def test_the_last_place_in_the_queue_may_be_taken() -> None:
    check_queue(QUOTAS, replace(NOTHING, queued_runs=2))


@pytest.mark.parametrize("queued", [3, 4])
def test_a_full_queue_takes_no_run(queued: int) -> None:
    usage = replace(NOTHING, queued_runs=queued)

    with pytest.raises(QueueFull) as refused:
        check_queue(QUOTAS, usage)
    with pytest.raises(QueueFull):
        check_run_fits(QUOTAS, usage, cost=cost(1))

    assert (refused.value.most, refused.value.used) == (3, queued)


def test_the_last_preflight_of_the_quota_may_be_queued() -> None:
    check_preflight_fits(replace(QUOTAS, max_preflights=2), replace(NOTHING, preflights=1))


def test_a_preflight_beyond_the_quota_is_refused_with_the_numbers() -> None:
    with pytest.raises(QuotaReached) as refused:
        check_preflight_fits(replace(QUOTAS, max_preflights=2), replace(NOTHING, preflights=2))

    error = refused.value
    assert (error.quota, error.most, error.used, error.wanted) == ("preflights", 2, 2, 1)


def test_a_full_queue_takes_no_preflight() -> None:
    with pytest.raises(QueueFull):
        check_preflight_fits(QUOTAS, replace(NOTHING, queued_runs=3))


def test_runs_in_training_do_not_keep_another_from_the_queue() -> None:
    check_run_fits(QUOTAS, replace(NOTHING, running_runs=50), cost=cost(1))


def test_bytes_may_fill_the_storage_to_the_last_one() -> None:
    check_storage(QUOTAS, NOTHING, wanted=1000)
    check_storage(QUOTAS, replace(NOTHING, storage_bytes=999), wanted=1)


@pytest.mark.parametrize(("used", "wanted"), [(0, 1001), (999, 2), (1000, 0), (1500, 0)])
def test_bytes_that_do_not_fit_are_refused_with_the_numbers(used: int, wanted: int) -> None:
    with pytest.raises(QuotaReached) as refused:
        check_storage(QUOTAS, replace(NOTHING, storage_bytes=used), wanted=wanted)

    error = refused.value
    assert (error.quota, error.most) == ("storage-bytes", 1000)
    assert (error.used, error.wanted) == (used, wanted)


def test_a_run_needs_storage_that_is_not_full() -> None:
    check_run_fits(QUOTAS, replace(NOTHING, storage_bytes=999), cost=cost(1))

    with pytest.raises(QuotaReached) as refused:
        check_run_fits(QUOTAS, replace(NOTHING, storage_bytes=1000), cost=cost(1))

    assert (refused.value.quota, refused.value.wanted) == ("storage-bytes", 0)


NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


def spent(quotas: Quotas, num_runs: int) -> datetime | None:
    """When the allowance is full again after so many runs at once."""
    full_at = None
    for _ in range(num_runs):
        full_at = spend_run(quotas, full_at=full_at, now=NOW)
    return full_at


@pytest.mark.parametrize(("max_queued_runs", "expected"), [(0, 60), (2, 60), (6, 60), (7, 70)])
def test_runs_per_hour_follow_the_queue_unless_they_are_set(
    max_queued_runs: int, expected: int
) -> None:
    assert Quotas(max_queued_runs=max_queued_runs).runs_per_hour == expected
    assert Quotas(max_runs_per_hour=3).runs_per_hour == 3
    assert Quotas().runs_per_hour == 10_000


@pytest.mark.parametrize("most", [1, 7, 60, 10_000])
def test_an_hour_s_runs_may_be_submitted_at_once_and_no_more(most: int) -> None:
    quotas = Quotas(max_runs_per_hour=most)
    full_at = spent(quotas, most)

    with pytest.raises(TooManyRuns) as refused:
        spend_run(quotas, full_at=full_at, now=NOW)

    error = refused.value
    assert (error.quota, error.most, error.used, error.window_s) == (
        "runs-per-hour",
        most,
        most,
        3600,
    )
    assert error.retry_after_s == pytest.approx(3600 / most, abs=0.02)


def test_after_its_waiting_time_one_more_run_is_allowed() -> None:
    quotas = Quotas(max_runs_per_hour=60)
    full_at = spent(quotas, 60)
    later = NOW + timedelta(seconds=60)

    after_one = spend_run(quotas, full_at=full_at, now=later)

    assert after_one == NOW + timedelta(hours=1, seconds=60)
    with pytest.raises(TooManyRuns):
        spend_run(quotas, full_at=after_one, now=later)


def test_an_allowance_that_was_not_used_for_long_is_full_and_not_fuller() -> None:
    quotas = Quotas(max_runs_per_hour=2)

    full_at = spend_run(quotas, full_at=NOW - timedelta(days=9), now=NOW)

    assert full_at == NOW + timedelta(minutes=30)


def test_a_quota_of_no_runs_allows_none() -> None:
    with pytest.raises(TooManyRuns) as refused:
        spend_run(Quotas(max_runs_per_hour=0), full_at=None, now=NOW)

    assert (refused.value.used, refused.value.retry_after_s) == (0, 3600)


def test_all_kinds_of_storage_count_for_the_quota() -> None:
    stored = StoredBytes(
        telemetry=1, checkpoints=20, artifacts=300, uploads=4000, predictions=50000
    )

    assert stored.total == 54321
