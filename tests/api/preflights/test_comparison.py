"""Patches of a spec side by side: preflights of one request, and what they change in figures."""

from typing import Any

import httpx
import pytest

from app.domain.runs import StopReason
from app.domain.scopes import Scope
from app.domain.telemetry import ReadingBatch, ScalarReading
from tests.api.conftest import Clinic, spec
from tests.api.measured import record
from tests.api.preflights.test_preflight import end, take
from tests.api.runs.test_runs import check_problem
from tests.store.builders import a_profile

GRU = {"model": {"kind": "gru", "hidden_size": 4}}
SMALLER = {"training": {"num_steps": 2}}


def compare(
    client: httpx.Client,
    *patches: object,
    base: dict[str, object] | None = None,
    headers: dict[str, str] | None = None,
    **query: Any,
) -> httpx.Response:
    body = {"spec": base or spec(), "patches": patches}
    params = {"wait_s": 0, **query}
    return client.post("/v1/preflight/compare", json=body, params=params, headers=headers)


def readings(lyapunov: float, *, checksum: float = 1e-7) -> tuple[ScalarReading, ...]:
    found = {
        ("checksum_error", "model"): checksum,
        ("lyapunov_1", "layer:0"): lyapunov,
        ("lyapunov_10", "layer:0"): lyapunov - 3,
        ("sum_rule.total", "layer:0"): lyapunov - 1,
        ("sum_rule.gates", "gate:0/update"): -0.5,
    }
    return tuple(
        ScalarReading(step=0, quantity=quantity, scope=Scope.parse(scope), value=value)
        for (quantity, scope), value in found.items()
    )


def finish_all(clinic: Clinic, ids: list[str], batches: list[ReadingBatch]) -> None:
    for preflight_id, batch in zip(ids, batches, strict=True):
        run = take(clinic, preflight_id)
        record(clinic, run, seq=0, batch=batch)
        end(clinic, run, StopReason.COMPLETED)


def ids_of(body: dict[str, Any]) -> list[str]:
    return [arm["preflight"]["id"] for arm in body["arms"]]


def test_each_arm_is_a_preflight_with_what_makes_it_different(client: httpx.Client) -> None:
    answer = compare(client, GRU, SMALLER)

    body = answer.json()
    assert answer.status_code == 202
    assert answer.headers["Location"] == body["links"]["self"]
    assert client.get(answer.headers["Location"]).json() == body
    base, gru, smaller = body["arms"]
    assert (body["is_done"], body["ranking"], body["ranked_by"]) == (False, [], None)
    assert base["spec_differences"] == []
    assert base["preflight"] == client.get(base["preflight"]["links"]["self"]).json()
    assert gru["spec_differences"] == [
        {"pointer": "/model/kind", "base": "elman", "arm": "gru"},
        {"pointer": "/model/activation", "base": "tanh", "arm": None},
    ]
    assert [one["pointer"] for one in smaller["spec_differences"]] == ["/training/num_steps"]
    # as many as the shortest arm may take
    assert {arm["preflight"]["mini_steps"] for arm in body["arms"]} == {2}


def test_every_arm_measures_what_is_compared(client: httpx.Client) -> None:
    base = spec(probes={"tier": "economy", "quantities": ["gate_mean"]})
    off = {"probes": {"tier": "off", "quantities": None}}

    first, second = compare(client, off, base=base).json()["arms"]

    assert first["preflight"]["spec"]["probes"]["tier"] == "standard"
    asked = first["preflight"]["spec"]["probes"]["quantities"]
    assert asked == ["gate_mean", "lyapunov_exponents", "sum_rule"]
    assert second["preflight"]["spec"]["probes"]["tier"] == "standard"
    assert second["preflight"]["spec"]["probes"]["quantities"] is None


def test_figures_stand_beside_those_of_the_base(clinic: Clinic, client: httpx.Client) -> None:
    location = compare(client, GRU, SMALLER, mini_steps=0).headers["Location"]
    profiles = (a_profile(), a_profile(is_full=False), a_profile())
    batches = [
        ReadingBatch(readings=(*readings(lyapunov), profile))
        for lyapunov, profile in zip((-0.5, -0.25, -0.125), profiles, strict=True)
    ]
    finish_all(clinic, ids_of(client.get(location).json()), batches)

    answer = client.get(location)

    body = answer.json()
    assert body["is_done"]
    # one arm knows no required lag, so that the horizons decide, and they are equal
    assert (body["ranked_by"], body["ranking"]) == ("gradient_horizon", [0, 1, 2])
    figures = {(one["quantity"], one["scope"]): one for one in body["arms"][1]["figures"]}
    exponent = figures["lyapunov_1", "layer:0"]
    assert (exponent["value"], exponent["base"], exponent["difference"]) == (-0.25, -0.5, 0.25)
    assert (exponent["factor"], exponent["unit"]) == (None, "nats / timestep")
    assert figures["sum_rule.total", "layer:0"]["difference"] == 0.25
    assert figures["sum_rule.gates", "gate:0/update"]["value"] == -0.5
    assert figures["gradient_horizon", "model"]["factor"] == 1
    assert ("gradient_ratio_at_required_lag", "model") not in figures
    assert ("lyapunov_10", "layer:0") not in figures
    headers = {"If-None-Match": answer.headers["ETag"]}
    assert client.get(location, headers=headers).status_code == 304


def test_what_failed_its_own_check_is_not_ranked(clinic: Clinic, client: httpx.Client) -> None:
    location = compare(client, GRU, mini_steps=0).headers["Location"]
    batches = [
        ReadingBatch(readings=(*readings(-0.5, checksum=checksum), a_profile()))
        for checksum in (0.5, 1e-7)
    ]
    finish_all(clinic, ids_of(client.get(location).json()), batches)

    body = client.get(location).json()

    assert (body["ranked_by"], body["ranking"]) == ("gradient_ratio_at_required_lag", [1])
    assert body["arms"][0]["figures"]


@pytest.mark.parametrize(
    ("patch", "pointer", "code"),
    [
        ({"model": {"kind": "perceptron"}}, "/patches/1/model", "union_tag_invalid"),
        ({"training": {"num_steps": 0}}, "/patches/1/training/num_steps", "greater_than_equal"),
        ({"typo": 1}, "/patches/1/typo", "extra_forbidden"),
        ({"init": {"forget_bias": 2}}, "/patches/1/init/forget_bias", "forget_bias_needs_lstm"),
        (
            {"probes": {"quantities": ["sigma_max", "nonsense"]}},
            "/patches/1/probes/quantities/1",
            "literal_error",
        ),
        ({"model": {"hidden_size": 65_536}}, "/patches/1/model/hidden_size", None),
        ([], "/patches/1", "dict_type"),
        (None, "/patches/1", "dict_type"),
    ],
)
def test_a_bad_patch_is_named_by_its_place(
    client: httpx.Client, patch: object, pointer: str, code: str | None
) -> None:
    answer = compare(client, GRU, patch)

    problem = check_problem(answer)
    assert answer.status_code == 422
    (error, *_) = problem["errors"]
    assert error["pointer"] == pointer
    assert code in {None, error["code"]}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"spec": spec(), "patches": []}, "/patches"),
        ({"spec": spec(), "patches": [GRU] * 9}, "/patches"),
        ({"spec": spec()}, "/patches"),
        ({"patches": [GRU]}, "/spec"),
        ({"spec": spec(init={"forget_bias": 1}), "patches": [GRU]}, "/spec/init/forget_bias"),
        ({"spec": spec(training={"num_steps": -1}), "patches": [GRU]}, "/spec/training/num_steps"),
        ({"spec": spec(), "patches": [GRU], "more": 1}, "/more"),
    ],
)
def test_a_bad_body_is_named_by_its_place(
    client: httpx.Client, body: dict[str, Any], pointer: str
) -> None:
    answer = client.post("/v1/preflight/compare?wait_s=0", json=body)

    assert answer.status_code == 422
    assert pointer in {error["pointer"] for error in check_problem(answer)["errors"]}


def test_nothing_is_queued_when_one_patch_is_bad(client: httpx.Client) -> None:
    def room() -> str:
        return client.post("/v1/preflight?wait_s=0", json=spec()).headers["RateLimit"]

    before = int(room().rpartition("=")[2])
    compare(client, GRU, {"model": {"hidden_size": 0}})

    assert int(room().rpartition("=")[2]) == before - 1


def test_sent_again_under_its_key_they_are_the_same_ones(client: httpx.Client) -> None:
    headers = {"Idempotency-Key": "comparison-1"}
    first = compare(client, GRU, headers=headers)

    again = compare(client, GRU, headers=headers)

    assert ids_of(again.json()) == ids_of(first.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    assert compare(client, SMALLER, headers=headers).status_code == 422


def test_once_every_arm_has_ended_the_answer_is_whole(clinic: Clinic, client: httpx.Client) -> None:
    headers = {"Idempotency-Key": "comparison-2"}
    ids = ids_of(compare(client, GRU, headers=headers, wait_s=0.1).json())
    finish_all(clinic, ids, [ReadingBatch(readings=(a_profile(),))] * 2)

    answer = compare(client, GRU, headers=headers, wait_s=0.1)

    assert (answer.status_code, answer.json()["is_done"]) == (200, True)
    assert answer.json()["ranking"] == [0, 1]


def test_preflights_of_another_workspace_are_not_there(
    clinic: Clinic, client: httpx.Client
) -> None:
    location = compare(client, GRU).headers["Location"]

    with clinic.client(clinic.other_key) as other:
        assert other.get(location).status_code == 404
    assert client.get("/v1/preflight/compare").status_code == 422
