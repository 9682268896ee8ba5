"""What answers about a trained run are like: short numbers, and advice that posts as it is."""

import re
from collections.abc import Iterator

import pytest

from tests.end_to_end.conftest import Json, Owner

#: Where numbers are readings, or a client's own.
_EXACT = re.compile("(^|/)(spec|body|patch|threshold|profile|values|log10_[a-z_]+|stats|x|limit)/")
_PATHS = (
    "?include=verdict,sparklines,diagnosis,lineage,events,artifacts,history,gradient_flow",
    "/diagnosis",
    "/events",
    "/dynamics",
)


@pytest.fixture(scope="module")
def run_id(owner: Owner) -> str:
    """An Elman network that cannot learn its task, trained to its end."""
    spec: Json = {
        "model": {"kind": "elman", "hidden_size": 16},
        "dataset": {"kind": "adding", "length": 60},
        "training": {"num_steps": 200, "evaluate_every": 50},
        "name": "sick",
    }
    made = owner.post_run(spec)
    owner.wait_until(lambda: owner.run(made)["ended_at"] is not None)
    return made


def _numbers(value: object, place: str = "") -> Iterator[tuple[str, float]]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _numbers(part, f"{place}/{key}")
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _numbers(part, f"{place}/{index}")
    elif isinstance(value, float):
        yield f"{place}/", value


def _num_digits(value: float) -> int:
    return len(repr(value).partition("e")[0].strip("-").replace(".", "").strip("0"))


@pytest.mark.parametrize("path", _PATHS)
def test_a_computed_number_has_at_most_nine_digits(owner: Owner, run_id: str, path: str) -> None:
    answer = owner.read(f"/v1/runs/{run_id}{path}")

    numbers = list(_numbers(answer))
    long = [one for one in numbers if _num_digits(one[1]) > 9 and not _EXACT.search(one[0])]
    assert numbers
    assert long == []


def test_advice_is_named_ordered_and_linked_to_its_run(owner: Owner, run_id: str) -> None:
    findings = owner.read(f"/v1/runs/{run_id}/diagnosis")["findings"]
    spec = owner.run(run_id)["spec"]
    assert isinstance(findings, list)
    assert isinstance(spec, dict)
    [remedy, *_] = [one for finding in findings for one in finding["remedies"]]

    answer = owner.http.post(remedy["request"]["href"], json=remedy["request"]["body"])

    made = answer.json()
    assert made["name"] == f"sick: {remedy['kind'].replace('_', ' ')}"
    assert made["parent"] == {"run_id": run_id, "step": None}
    assert list(remedy["request"]["body"]) == [*spec, "lineage"]
    assert [*remedy["request"]["body"]["training"]] == [*spec["training"]]
    owner.cancel(made["id"])
