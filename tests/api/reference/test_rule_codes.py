"""The published codes of what no schema states."""

import httpx

from app.api.reference.rule_codes import RULE_CODES


def test_codes_are_published_once_for_readers_and_once_for_programs(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()

    assert document["info"]["x-rule-codes"] == list(RULE_CODES)
    assert all(f"`{code}`" in document["info"]["description"] for code in RULE_CODES)
    assert len(set(RULE_CODES)) == len(RULE_CODES)


def test_no_parameter_can_be_null(client: httpx.Client) -> None:
    for path, operations in client.get("/openapi.json").json()["paths"].items():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                assert {"type": "null"} not in parameter["schema"].get("anyOf", ()), path


def test_thresholds_are_published_with_their_bounds(client: httpx.Client) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    parameters = paths["/v1/runs/{run_id}/diagnosis"]["get"]["parameters"]
    schemas = {parameter["name"]: parameter["schema"] for parameter in parameters}

    assert schemas["vanishing_gradient.settle_share"] == {
        "type": "number",
        "minimum": 0.0,
        "maximum": 1,
    }
    assert schemas["vanishing_gradient.min_probes"]["minimum"] == 1
