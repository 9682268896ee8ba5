"""A client may make a burst of requests, and then as many per second as its limit says."""

import pytest

from app.api.protocol.rates import WINDOW_S, RateLimit
from app.domain.errors import TooManyRequests


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def allowed(limit: RateLimit, client: str = "one") -> int:
    """Requests that are allowed now."""
    number = 0
    while True:
        try:
            limit.spend(client)
        except TooManyRequests:
            return number
        number += 1


@pytest.mark.parametrize(("per_s", "burst"), [(0.1, 1), (0.5, 5), (3.0, 30), (200.0, 2000)])
def test_the_requests_of_a_window_may_come_at_once(clock: Clock, per_s: float, burst: int) -> None:
    assert allowed(RateLimit("key", per_s=per_s, clock=clock)) == burst


def test_the_allowance_refills_evenly_and_no_further_than_full(clock: Clock) -> None:
    limit = RateLimit("key", per_s=2.0, clock=clock)
    allowed(limit)

    clock.now_s += 3
    after_3_s = allowed(limit)
    clock.now_s += 1000
    after_long = allowed(limit)

    assert (after_3_s, after_long) == (6, 20)


def test_a_refusal_says_when_to_come_again_and_costs_nothing(clock: Clock) -> None:
    limit = RateLimit("address", per_s=0.5, clock=clock)
    allowed(limit)

    with pytest.raises(TooManyRequests) as refused:
        limit.spend("one")
    clock.now_s += refused.value.retry_after_s

    assert refused.value.retry_after_s == pytest.approx(2.0)
    assert (refused.value.limit, refused.value.most, refused.value.window_s) == ("address", 5, 10)
    assert allowed(limit) == 1


def test_one_client_takes_nothing_from_another(clock: Clock) -> None:
    limit = RateLimit("key", per_s=1.0, clock=clock)
    allowed(limit, "one")

    assert allowed(limit, "other") == WINDOW_S


def test_an_answer_tells_what_is_left_and_when_all_is(clock: Clock) -> None:
    limit = RateLimit("key", per_s=2.0, clock=clock)

    first, second = limit.spend("one"), limit.spend("one")

    assert (first.policy, first.state) == ('"key";q=20;w=10', '"key";r=19;t=1')
    assert (second.num_left, second.state) == (18, '"key";r=18;t=1')


def test_clients_that_have_all_their_requests_again_are_forgotten(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.api.protocol.rates.MAX_CLIENTS", 10)
    limit = RateLimit("address", per_s=1.0, clock=clock)
    for number in range(8):
        limit.spend(number)
    clock.now_s += 2

    for number in range(100, 130):
        limit.spend(number)

    assert len(limit) <= 10
