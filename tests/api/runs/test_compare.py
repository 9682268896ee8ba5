"""Several runs side by side."""

import httpx
import pytest

from tests.api.conftest import Clinic, post_run


def test_runs_are_compared_in_the_order_asked_for(client: httpx.Client) -> None:
    slow = post_run(client, optimizer={"kind": "adam", "learning_rate": 1e-4})["id"]
    fast = post_run(client, optimizer={"kind": "adam", "learning_rate": 1e-2})["id"]

    answer = client.get("/v1/compare", params={"run_id": [fast, slow]}).json()

    assert [run["id"] for run in answer["runs"]] == [fast, slow]
    assert answer["differences"] == [
        {"pointer": "/optimizer/learning_rate", "values": [1e-2, 1e-4]}
    ]
    assert [one["run_id"] for one in answer["reach"]] == [fast, slow]


def test_a_run_of_others_is_not_compared(clinic: Clinic, client: httpx.Client) -> None:
    own = post_run(client)["id"]
    with clinic.client(clinic.other_key) as other:
        answer = other.get("/v1/compare", params={"run_id": own})

    assert answer.status_code == httpx.codes.NOT_FOUND


@pytest.mark.parametrize("number", [0, 13])
def test_at_least_one_and_at_most_twelve_runs_are_compared(
    client: httpx.Client, number: int
) -> None:
    ids = [post_run(client)["id"]] * number

    answer = client.get("/v1/compare", params={"run_id": ids})

    assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY
