"""The demo's view of the service: HTTP with a bearer key, and the few fields it shows."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

import httpx
from pydantic import BaseModel, JsonValue

from app.demo.orders import JsonObject

_TIMEOUT_S = 30.0


class Progress(BaseModel):
    step: int
    num_steps: int


class Score(BaseModel):
    name: str | None = None
    metric: str
    value: float | None


class RunView(BaseModel):
    """What the demo shows of a run."""

    id: str
    status: str
    stop_reason: str | None
    error: str | None
    progress: Progress
    best: Score | None
    baseline: Score | None
    metrics: dict[str, dict[str, float | None] | None]

    @property
    def has_ended(self) -> bool:
        return self.status in {"succeeded", "failed", "cancelled"}


class RemedyView(BaseModel):
    kind: str
    reason: str
    patch: dict[str, JsonValue]


class CauseView(BaseModel):
    code: str
    probability: float
    evidence: dict[str, JsonValue]


class FindingView(BaseModel):
    code: str
    state: str
    severity: str
    impact: str
    explanation: str
    cause: CauseView | None
    remedies: list[RemedyView]


class NotAssessedView(BaseModel):
    code: str
    reason: str


class DiagnosisView(BaseModel):
    """What the demo shows of a diagnosis."""

    verdict: str
    summary: str
    findings: list[FindingView]
    not_assessed: list[NotAssessedView]


class _Created(BaseModel):
    id: str


class ClinicClient:
    """What the demo asks of the API."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    @classmethod
    @contextmanager
    def connect(cls, address: str, *, key: str) -> Iterator[Self]:
        headers = {"Authorization": f"Bearer {key}"}
        with httpx.Client(base_url=address, headers=headers, timeout=_TIMEOUT_S) as http:
            yield cls(http)

    def upload_csv(self, name: str, text: str) -> str:
        """Store a CSV; the id of the dataset."""
        answer = self._http.post(
            "/v1/datasets",
            params={"name": name, "kind": "csv"},
            content=text.encode(),
            headers={"Content-Type": "text/csv"},
        )
        return _Created.model_validate_json(_checked(answer)).id

    def post_run(self, spec: JsonObject) -> str:
        """Order a run; its id."""
        return _Created.model_validate_json(_checked(self._http.post("/v1/runs", json=spec))).id

    def run(self, run_id: str) -> RunView:
        return RunView.model_validate_json(_checked(self._http.get(f"/v1/runs/{run_id}")))

    def diagnosis(self, run_id: str) -> DiagnosisView:
        answer = self._http.get(f"/v1/runs/{run_id}/diagnosis")
        return DiagnosisView.model_validate_json(_checked(answer))


def _checked(answer: httpx.Response) -> bytes:
    if answer.is_error:
        sys.exit(f"{answer.request.method} {answer.url} answered: {answer.text}")
    return answer.content
