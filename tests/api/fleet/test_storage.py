"""What a workspace stores, and the room that is left."""

import httpx

from app.domain.quotas import Quotas
from tests.api.conftest import Clinic
from tests.databases import counted_statements

_TABLE = "time,load\n2024-01-01,1\n2024-01-02,2\n2024-01-03,4\n"


def test_an_upload_is_counted_for_its_workspace_alone(clinic: Clinic, client: httpx.Client) -> None:
    before = client.get("/v1/storage").json()
    client.post("/v1/datasets?name=small&kind=csv", content=_TABLE).raise_for_status()

    after = client.get("/v1/storage").json()
    with clinic.client(clinic.other_key) as other:
        of_others = other.get("/v1/storage").json()

    assert after["upload_bytes"] - before["upload_bytes"] == len(_TABLE)
    kinds = ("telemetry", "checkpoint", "artifact", "upload", "prediction")
    assert after["total_bytes"] == sum(after[f"{kind}_bytes"] for kind in kinds)
    assert after["max_storage_bytes"] == Quotas().max_storage_bytes
    assert of_others["upload_bytes"] == 0
    assert min(after["database_bytes"], after["free_bytes"]) > 0


def test_the_size_of_the_workspace_does_not_change_the_number_of_queries(
    clinic: Clinic, client: httpx.Client
) -> None:
    with counted_statements(clinic.app.state.resources.engine) as statements:
        client.get("/v1/storage").raise_for_status()

    assert len([one for one in statements if "SELECT" in one.upper()]) <= 5
