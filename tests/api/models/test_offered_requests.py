"""Requests of a diagnosis say what they try, and read as a client would write them."""

from uuid import UUID

from pydantic import JsonValue

from app.api.models.offered_requests import Requests, in_order_of
from app.domain.specs.job import JobSpec
from app.domain.specs.patch import as_document

_GIVEN = {"model": {"kind": "elman"}, "dataset": {"kind": "adding", "length": 10}}
SPEC = as_document(JobSpec.model_validate(_GIVEN))
PARENT = UUID(int=7)


def _mixed(document: dict[str, object]) -> dict[str, object]:
    """As the database returns it: the shortest keys first."""
    return {
        key: _mixed(part) if isinstance(part, dict) else part
        for key, part in sorted(document.items(), key=lambda item: (len(item[0]), item[0]))
    }


def test_a_request_is_named_after_what_it_tries() -> None:
    plain = Requests(parent_id=None).remedy(SPEC, kind="use_gated_cell")
    named = Requests(parent_id=None).remedy({**SPEC, "name": "mine"}, kind="use_gated_cell")

    assert plain.body["name"] == "elman on adding: use gated cell"
    assert named.body["name"] == "mine: use gated cell"


def test_a_long_name_is_cut_before_what_it_tries() -> None:
    request = Requests(parent_id=None).remedy({**SPEC, "name": "n" * 200}, kind="clip_gradient")

    name = str(request.body["name"])
    assert (len(name), name.endswith("n: clip gradient")) == (200, True)
    JobSpec.model_validate(request.body)


def test_a_request_says_which_run_led_to_it_and_what_for() -> None:
    requests = Requests(parent_id=PARENT)
    grandparent: dict[str, JsonValue] = {
        "parent": str(UUID(int=8)),
        "purpose": "control",
        "remedy": None,
    }

    remedy = requests.remedy({**SPEC, "lineage": grandparent}, kind="clip_norm")
    experiment = requests.experiment(SPEC, cause="dead_start")

    descent = {"parent": str(PARENT), "purpose": "remedy", "remedy": "clip_norm"}
    assert remedy.body["lineage"] == descent
    assert experiment.body["lineage"] == {**descent, "purpose": "experiment", "remedy": None}
    assert experiment.body["name"] == "elman on adding: test of dead start"


def test_a_request_of_a_preflight_has_no_parent() -> None:
    before = {**SPEC, "parent_id": str(PARENT)}

    body = Requests(parent_id=None).remedy(before, kind="x").body

    assert not {"parent_id", "lineage"} & body.keys()


def test_keys_are_in_declared_order() -> None:
    request = Requests(parent_id=None).remedy(_mixed(SPEC), kind="x")  # type: ignore[arg-type] # JSON in a wider type

    assert list(request.body) == list(SPEC)
    assert [*request.body["training"]] == [*SPEC["training"]]  # type: ignore[misc]


def test_a_spec_of_an_earlier_release_stays_as_it_is() -> None:
    request = Requests(parent_id=None).remedy({"gone": 1}, kind="x")

    assert request.body == {"gone": 1, "name": "run: x"}


def test_a_patch_has_the_order_of_the_document() -> None:
    training: dict[str, JsonValue] = {"seed": 1, "num_steps": 2}
    patch: dict[str, JsonValue] = {"training": training, "model": {"kind": "gru"}, "more": 3}

    assert str(in_order_of(SPEC, patch)) == str(
        {"model": {"kind": "gru"}, "training": {"num_steps": 2, "seed": 1}, "more": 3}
    )
