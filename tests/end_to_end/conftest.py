"""One whole service, as a stranger starts it, and its owner's way to speak with it."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx
import pytest

from app.embedded.home import make_home
from tests.supervision.test_serve import Service, serving

Json = dict[str, object]
LONGEST_WAIT_S = 60.0
#: Each look is a request that takes the processor from what is waited for.
POLL_S = 0.05


@dataclass(frozen=True, kw_only=True)
class Owner:
    """Holds the admin key of a service."""

    service: Service
    http: httpx.Client

    def post_run(self, spec: Json) -> str:
        answer = self.http.post("/v1/runs", json=spec)
        assert answer.status_code == httpx.codes.CREATED, answer.text
        return str(answer.json()["id"])

    def run(self, run_id: str, **query: str) -> Json:
        return self.read(f"/v1/runs/{run_id}", **query)

    def read(self, path: str, **query: str) -> Json:
        answer = self.http.get(path, params=query)
        assert answer.status_code == httpx.codes.OK, answer.text
        body: Json = answer.json()
        return body

    def wait_until(self, is_met: Callable[[], bool], *, within_s: float = LONGEST_WAIT_S) -> None:
        deadline = time.monotonic() + within_s
        while not is_met():
            assert time.monotonic() < deadline, "too late"
            time.sleep(POLL_S)

    def num_readings(self, run_id: str) -> int:
        count = self.read(f"/v1/runs/{run_id}/history", quantity="loss")["num_readings"]
        assert isinstance(count, int)
        return count

    def cancel(self, run_id: str) -> None:
        answer = self.http.post(f"/v1/runs/{run_id}/cancel")
        assert answer.status_code == httpx.codes.ACCEPTED, answer.text
        self.wait_until(lambda: self.run(run_id)["status"] == "cancelled")


@pytest.fixture(scope="module")
def owner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owner]:
    home = make_home(tmp_path_factory.mktemp("service") / "home")
    with serving(home, CLINIC_SLOTS="1") as service:
        service.wait_for("/readyz")
        address = (home / "address").read_text().strip()
        key = (home / "admin-key").read_text().strip()
        headers = {"Authorization": f"Bearer {key}"}
        with httpx.Client(base_url=address, headers=headers, timeout=LONGEST_WAIT_S) as http:
            yield Owner(service=service, http=http)
