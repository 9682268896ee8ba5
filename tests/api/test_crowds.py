"""Crowds in their short form: what `tests.api.crowds` looks at with ten times as many clients."""

from http import HTTPStatus

from tests.api.callers import overload
from tests.api.followers import follow
from tests.api.installation import Installation, api_process

POOL_SIZE = 5


def test_a_crowd_is_refused_in_time_and_followers_cost_no_memory(
    installation: Installation,
) -> None:
    """One test, for one process: its start costs more than all that it is asked here."""
    pool = {"CLINIC_DATABASE_POOL_SIZE": str(POOL_SIZE), "CLINIC_DATABASE_POOL_TIMEOUT_S": "0.5"}
    with api_process(installation.settings, **pool) as api:
        crowd = overload(api, installation, num_callers=10 * POOL_SIZE, stall_s=1.5)
        followers = follow(api, installation, num_clients=50, num_stalled=10, num_events=50)

    calls = crowd.calls
    assert set(calls.statuses) == {HTTPStatus.OK, HTTPStatus.SERVICE_UNAVAILABLE}
    assert calls.without_retry_after == 0
    assert calls.slowest_s < 10
    assert crowd.recovery_s < 10
    assert (followers.fewest_heard, followers.most_heard) == (50, 50)
    assert followers.told_of_an_end == 0
    assert followers.growth_mib < 2
    assert followers.shutdown_s < 5
