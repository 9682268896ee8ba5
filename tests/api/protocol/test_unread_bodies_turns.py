"""Refused bodies hold no turn while their connections stay open for the answer."""

import time

import httpx

from app.api.protocol.unread_bodies import LINGER_S
from tests.api.installation import Installation, api_process

#: As many as there are turns for one address.
NUM_REFUSED = 40
LARGE = b" " * 100_000


def test_others_at_an_address_do_not_wait_for_refused_bodies(installation: Installation) -> None:
    with (
        api_process(installation.settings) as api,
        api.client(installation.key) as client,
        httpx.Client(base_url=api.url, timeout=30) as anonymous,
    ):
        client.get("/v1/runs")
        statuses = {
            anonymous.post("/v1/runs", content=LARGE).status_code for _ in range(NUM_REFUSED)
        }
        started_at_s = time.monotonic()
        answers = [client.get("/v1/runs").status_code for _ in range(2)]
        waited_s = time.monotonic() - started_at_s

    assert statuses == {401}
    assert answers == [200, 200]
    assert waited_s < LINGER_S / 2
