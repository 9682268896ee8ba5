"""The catalogue names everything there is, with a line on each."""

from typing import Any

import httpx
import jsonschema_rs
import pytest

from tests.api.conftest import Clinic, spec

FAMILIES = {
    "model": {"elman", "gru", "lstm"},
    "clipping": {"none", "norm", "value"},
    "optimizer": {"sgd", "adam", "adamw", "rmsprop"},
    "optimizer.schedule": {"constant", "step", "cosine", "warmup"},
}


@pytest.fixture(scope="module")
def catalog(client: httpx.Client) -> dict[str, list[dict[str, object]]]:
    found: dict[str, list[dict[str, object]]] = client.get("/v1/catalog").json()
    return found


def test_every_entry_says_what_it_is_for(catalog: dict[str, list[dict[str, object]]]) -> None:
    for part in ("findings", "causes", "cause_families", "remedies"):
        assert all(entry["summary"] for entry in catalog[part])
    for quantity in catalog["quantities"]:
        assert all(quantity[field] for field in ("name", "unit", "formula", "source", "cadence"))


def test_every_kind_has_a_summary_and_a_schema(client: httpx.Client) -> None:
    kinds = client.get("/v1/catalog").json()["kinds"]

    for family, names in FAMILIES.items():
        assert {kind["kind"] for kind in kinds[family]} == names
    for members in kinds.values():
        for kind in members:
            assert kind["summary"]
            named = kind["json_schema"]["properties"]["kind"]
            assert kind["kind"] in {part.get("const") for part in (named, *named.get("anyOf", ()))}


def test_the_schema_of_a_job_takes_a_job(client: httpx.Client) -> None:
    schema = client.get("/v1/catalog").json()["job_spec"]

    assert jsonschema_rs.is_valid(schema, spec())
    assert not jsonschema_rs.is_valid(schema, {"model": {"kind": "elman"}})


def test_any_valid_key_may_read_it_and_nobody_else(clinic: Clinic) -> None:
    key = clinic.new_key("datasets:read")

    with clinic.client(key) as reader:
        assert reader.get("/v1/catalog").status_code == 200
    assert httpx.get(f"{clinic.url}/v1/catalog").status_code == 401


def _one(entries: list[dict[str, Any]], **key: str) -> dict[str, Any]:
    ((name, value),) = key.items()
    (found,) = (entry for entry in entries if entry[name] == value)
    return found


def test_findings_causes_and_remedies_name_each_other(client: httpx.Client) -> None:
    catalog = client.get("/v1/catalog").json()

    finding = _one(catalog["findings"], code="vanishing_gradient")
    cause = _one(catalog["causes"], code="truncated_backpropagation")
    remedy = _one(catalog["remedies"], kind="lengthen_bptt")
    assert finding["essential"]
    assert "truncated_backpropagation" in finding["causes"]
    assert cause["family"] == "short_memory"
    assert "vanishing_gradient" in cause["findings"]
    assert "lengthen_bptt" in cause["remedies"]
    assert cause["evidence"][0] == {
        "name": "bptt_length_timesteps",
        "unit": "timesteps",
        "meaning": "timesteps through which the gradient flows back",
    }
    assert remedy["causes"] == ["truncated_backpropagation"]
    assert "vanishing_gradient" in remedy["findings"]
    assert (remedy["changes"], remedy["cannot_act"]) == (
        ["training.bptt_length"],
        "The gradient is not truncated, or only well beyond the required lag.",
    )


def test_a_threshold_has_unit_bounds_meaning_and_source(client: httpx.Client) -> None:
    finding = _one(client.get("/v1/catalog").json()["findings"], code="vanishing_gradient")

    threshold = _one(finding["thresholds"], name="vanishing_gradient.settle_share")
    assert threshold == {
        "name": "vanishing_gradient.settle_share",
        "default": 0.02,
        "unit": "1",
        "minimum": 0,
        "maximum": 1,
        "meaning": "`settle_steps` as a share of the run's steps; the larger of the two applies",
        "source": "as `settle_steps`",
    }
