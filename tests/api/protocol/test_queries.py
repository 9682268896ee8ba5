"""Numbers in queries are what JSON Schema calls numbers."""

import httpx
import pytest

from tests.api.conftest import Clinic, post_run


@pytest.mark.parametrize("text", ["7\x85", " 7", "7 ", "1_0", "\u0667"])
@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v1/runs", "limit"),
        ("/v1/runs/{id}/history", "from_step"),
        ("/v1/runs/{id}/diagnosis", "vanishing_gradient.max_ratio"),
        ("/v1/runs/{id}/diagnosis", "non_finite.recovery_steps"),
    ],
)
def test_a_number_with_spaces_or_underscores_is_refused(
    client: httpx.Client, path: str, name: str, text: str
) -> None:
    run_id = post_run(client)["id"]

    answer = client.get(path.format(id=run_id), params={name: text})

    assert answer.status_code == 422
    (problem,) = answer.json()["errors"]
    assert (problem["pointer"], problem["code"]) == (f"query/{name}", "not_a_number")


def test_plain_numbers_and_texts_with_spaces_are_read(clinic: Clinic) -> None:
    with clinic.client() as client:
        assert client.get("/v1/runs", params={"limit": "+7", "tag": "two words"}).is_success
