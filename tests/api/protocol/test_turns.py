"""A client's requests beyond its turns wait in order, and nobody else's do."""

import asyncio
from collections.abc import Coroutine

import pytest

from app.api.protocol.turns import HeldTurns, Turns, give_back_turns, hold
from app.domain.errors import Overloaded


def run(test: Coroutine[object, object, None]) -> None:
    asyncio.run(test)


async def settle() -> None:
    """Let every task go on as far as it can."""
    for _ in range(10):
        await asyncio.sleep(0)


def test_further_requests_wait_in_the_order_in_which_they_came() -> None:
    async def test() -> None:
        turns, order = Turns(most=1), []

        async def work(name: str) -> None:
            await turns.take("client")
            order.append(name)

        await turns.take("client")
        tasks = [asyncio.create_task(work(name)) for name in "abc"]
        await settle()
        assert order == []
        for _ in range(3):
            turns.give_back("client")
            await settle()
        turns.give_back("client")
        await asyncio.gather(*tasks)

        assert order == ["a", "b", "c"]
        assert len(turns) == 0

    run(test())


def test_one_client_delays_no_other() -> None:
    async def test() -> None:
        turns = Turns(most=2)
        await turns.take("busy")
        await turns.take("busy")

        async with asyncio.timeout(1):
            await turns.take("other")

    run(test())


def test_who_waits_too_long_or_with_too_many_is_refused() -> None:
    async def test() -> None:
        turns = Turns(most=1, max_waiting=1, patience_s=0.05)
        await turns.take("client")
        waiting = asyncio.create_task(turns.take("client"))
        await settle()

        with pytest.raises(Overloaded, match="wait already"):
            await turns.take("client")
        with pytest.raises(Overloaded, match="at work"):
            await waiting

        turns.give_back("client")
        assert len(turns) == 0

    run(test())


def test_a_request_that_gives_up_does_not_keep_the_turn() -> None:
    async def test() -> None:
        turns = Turns(most=1)
        await turns.take("client")
        first, second = (asyncio.create_task(turns.take("client")) for _ in range(2))
        await settle()

        first.cancel()
        await settle()
        turns.give_back("client")

        async with asyncio.timeout(1):
            await second
        assert first.cancelled()

    run(test())


def test_a_request_that_goes_on_to_wait_gives_all_its_turns_back_once() -> None:
    async def test() -> None:
        narrow, wide, held = Turns(most=1), Turns(most=1), HeldTurns()
        await held.take([(narrow, "key"), (wide, "address")])
        hold(held)

        give_back_turns()
        held.give_back()

        assert (len(narrow), len(wide)) == (0, 0)

    run(test())


def test_who_waits_for_a_narrow_turn_holds_no_wide_one() -> None:
    async def test() -> None:
        narrow, wide = Turns(most=1), Turns(most=2)
        await HeldTurns().take([(narrow, "key"), (wide, "address")])
        waiting = asyncio.create_task(HeldTurns().take([(narrow, "key"), (wide, "address")]))
        await settle()

        async with asyncio.timeout(1):
            await HeldTurns().take([(narrow, "other key"), (wide, "address")])
        waiting.cancel()

    run(test())
