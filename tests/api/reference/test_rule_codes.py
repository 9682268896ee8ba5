"""The published codes of what no schema states."""

import httpx

#: Of a job spec, of its data, of a resumption, of an upload and of the API.
SOME_CODES = {
    "forget_bias_needs_lstm",
    "no_such_column",
    "no_steps_left",
    "header_missing",
    "idempotency_key_reused",
}


def test_codes_are_published_once_for_readers_and_once_for_programs(client: httpx.Client) -> None:
    about = client.get("/openapi.json").json()["info"]

    codes = about["x-rule-codes"]
    assert set(codes) >= SOME_CODES
    assert codes == sorted(set(codes))
    assert all(f"`{code}`" in about["description"] for code in codes)


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
