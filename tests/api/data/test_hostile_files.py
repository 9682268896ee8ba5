"""Damaged real files over HTTP: each is read, or refused with a code and its place."""

import httpx

from app.domain.datasets import UPLOAD_CODES
from bench.hostile_files import hostile_file
from tests.api.runs.test_runs import check_problem

#: The first hundred of two hundred are checked with bounds of memory, in tests/bench.
SEEDS = range(100, 200)


def test_no_damaged_file_is_an_error_of_the_service(client: httpx.Client) -> None:
    statuses: dict[int, int] = {}

    for seed in SEEDS:
        file = hostile_file(seed)
        query = {**file.query, "name": "damaged", "dry_run": "true"}
        answer = client.post("/v1/datasets", params=query, content=file.content)
        statuses[seed] = answer.status_code
        if answer.status_code != 200:
            first = check_problem(answer)["errors"][0]
            assert first["code"] in UPLOAD_CODES, (seed, first)
            assert first["pointer"], (seed, first)

    assert set(statuses.values()) == {200, 422}


def test_what_is_read_of_a_damaged_file_can_be_stored_and_read_again(client: httpx.Client) -> None:
    for seed in range(100, 120):
        file = hostile_file(seed)
        query = {**file.query, "name": "damaged"}
        made = client.post("/v1/datasets", params=query, content=file.content)
        if made.status_code == 201:
            assert client.get(made.headers["Location"]).json() == made.json()
