"""The whole API under fuzz: every operation of its document, against every check there is."""

import pytest

from tests.api.fuzz_tally import Tally
from tests.api.fuzzing import SHORT, fuzz
from tests.api.installation import Installation, api_process

SEED = 3
#: Of each operation that takes anything.
EXAMPLES = 25


@pytest.fixture(scope="module")
def tally(installation: Installation) -> Tally:
    """Of one round without the boundary values, which come in the long form."""
    found = Tally(seed=SEED)
    with api_process(installation.settings) as api:
        fuzz(api.url, installation, found, seed=SEED, examples=EXAMPLES, phases=SHORT)
        with api.client(installation.key) as client:
            assert client.get("/v1/runs").status_code == 200, "the fuzzer was locked out"
    return found


def test_no_operation_breaks_its_own_document(tally: Tally) -> None:
    assert not tally.failures, "\n\n".join(tally.failures)


def test_every_operation_was_reached(tally: Tally) -> None:
    assert set(tally.operations) == tally.offered
    assert tally.num_requests >= EXAMPLES * len(tally.offered)
    assert sum(tally.statuses[status] for status in (200, 201, 202, 204)) > tally.num_requests / 4
