"""Records answers of a running service as the examples of the OpenAPI document.

    python -m docs.record_answers http://127.0.0.1:8000 "$KEY"

on an installation that can be thrown away. It needs a worker, and leaves runs, keys and workspaces.
Long lists are cut after two entries, and secrets are blanked.
"""

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

TARGET = Path(__file__).parents[1] / "app/api/reference/answers.json"
#: Entries of a list that are kept.
KEPT = 2
#: Answers that are long with two entries, which keep one.
SHORT = {"get_catalog", "get_comparison", "create_comparison"}
LESS = 1
#: Fields that hold a JSON Schema.
SCHEMAS = {"job_spec", "json_schema"}
TINY: dict[str, Any] = {
    "name": "elman on adding",
    "model": {"kind": "elman", "hidden_size": 8},
    "dataset": {"kind": "adding", "length": 8},
    "training": {"num_steps": 20, "evaluate_every": 10},
}
_ROWS = [f"{1958 + n // 12}-{n % 12 + 1:02},{315 + n * 0.1 + n % 12:.2f}\n" for n in range(120)]
CSV = "month,co2\n" + "".join(_ROWS)
_SECRET = re.compile(r"gc_[A-Za-z0-9]{20,}")


class Recorder:
    """Asks the service, and keeps each answer under its operation and status."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self.found: dict[str, dict[str, Any]] = {}

    def ask(self, operation: str, method: str, path: str, **request: Any) -> Any:
        """Returns the body of the answer."""
        answer = self._client.request(method, path, **request)
        is_json = "json" in answer.headers.get("Content-Type", "") and answer.content
        body = answer.json() if is_json else None
        if body is not None:
            kept = LESS if operation in SHORT else KEPT
            self.found.setdefault(operation, {})[str(answer.status_code)] = cut(body, kept=kept)
        return body

    def until_ended(self, path: str) -> Any:
        body = self._client.get(path).json()
        while body["ended_at"] is None:
            body = self._client.get(path, params={"until": "ended", "wait_s": 60}).json()
        return body


def cut(part: Any, *, kept: int) -> Any:
    """Returns the answer with shorter lists and schemas, and without secrets."""
    if isinstance(part, list):
        most = kept if any(isinstance(one, dict) for one in part) else KEPT  # pairs stay whole
        return [cut(one, kept=kept) for one in part[:most]]
    if isinstance(part, dict):
        return {
            name: {"type": "object"} if name in SCHEMAS else cut(value, kept=kept)
            for name, value in part.items()
        }
    return _SECRET.sub("gc_…", part) if isinstance(part, str) else part


def record_runs(ask: Recorder) -> str:
    """Returns the id of a run that has ended."""
    ask.ask("create_run", "POST", "/v1/runs?dry_run=true", json=TINY)
    run = ask.ask("create_run", "POST", "/v1/runs", json=TINY)
    path = f"/v1/runs/{run['id']}"
    ask.until_ended(path)
    ask.ask("get_run", "GET", path)
    ask.ask("update_run", "PATCH", path, json={"tags": ["paper"]}, headers=MERGE)
    ask.ask("cancel_run", "POST", f"{path}/cancel")
    fork = {"patch": {"training": {"num_steps": 30}}}
    other = ask.ask("fork_run", "POST", f"{path}/fork", json=fork)
    waiting = ask.ask("create_run", "POST", "/v1/runs", json=TINY)
    ask.ask("resume_run", "POST", f"/v1/runs/{waiting['id']}/resume", json={"num_steps": 40})
    ask.ask("cancel_run", "POST", f"/v1/runs/{waiting['id']}/cancel")
    ask.ask("resume_run", "POST", f"{path}/resume", json={"num_steps": 40})
    ask.ask("list_runs", "GET", "/v1/runs?limit=1&include=verdict")
    pair = f"run_id={run['id']}&run_id={other['id']}"
    ask.ask("compare_runs", "GET", f"/v1/compare?{pair}&max_points=4")
    ask.until_ended(path)
    return str(run["id"])


MERGE = {"Content-Type": "application/merge-patch+json"}


def record_telemetry(ask: Recorder, run_id: str) -> None:
    path = f"/v1/runs/{run_id}"
    ask.ask("get_history", "GET", f"{path}/history?max_points=4&quantity=loss")
    ask.ask("get_gradient_flow", "GET", f"{path}/gradient-flow?max_probes=2&scope=model")
    ask.ask("get_heat_map", "GET", f"{path}/gradient-flow/heat-map?max_probes=2&max_lags=3")
    ask.ask("get_dynamics", "GET", f"{path}/dynamics?max_probes=2")
    ask.ask("get_diagnosis", "GET", f"{path}/diagnosis")
    ask.ask("list_events", "GET", f"{path}/events?limit=2")
    ask.ask("list_artifacts", "GET", f"{path}/artifacts")
    ask.ask("create_trial", "POST", f"{path}/trials", json={"num_seeds": 1})
    trials = ask.ask("list_trials", "GET", f"{path}/trials")
    for trial in (trials or {}).get("items", [])[:1]:
        ask.ask("get_trial", "GET", f"{path}/trials/{trial['id']}")
        ask.ask("cancel_trial", "POST", f"{path}/trials/{trial['id']}/cancel")


def record_data(ask: Recorder) -> None:
    upload = {"content": CSV.encode(), "headers": {"Content-Type": "text/csv"}}
    ask.ask("create_dataset", "POST", "/v1/datasets?name=co2&kind=csv&dry_run=true", **upload)
    dataset = ask.ask("create_dataset", "POST", "/v1/datasets?name=co2&kind=csv", **upload)
    path = f"/v1/datasets/{dataset['id']}"
    ask.ask("get_dataset", "GET", path)
    ask.ask("list_datasets", "GET", "/v1/datasets?limit=1")
    forecast = {"kind": "forecast", "dataset_id": dataset["id"], "target": "co2", "window": 12}
    spec = {**TINY, "dataset": forecast}
    run = ask.ask("create_run", "POST", "/v1/runs", json=spec)
    ask.ask("delete_dataset", "DELETE", path)
    ask.until_ended(f"/v1/runs/{run['id']}")
    predict = f"/v1/runs/{run['id']}/predict"
    rows = {"dataset_id": dataset["id"]}
    made = ask.ask("create_prediction", "POST", f"{predict}?wait_s=0", json=rows)
    ask.ask("create_prediction", "POST", f"{predict}?wait_s=60", json=rows)
    path = made["links"]["self"]
    ask.ask("get_prediction", "GET", path)
    ask.ask("cancel_prediction", "DELETE", path)
    made = ask.ask("create_prediction", "POST", f"{predict}?wait_s=0", json=rows)
    ask.ask("cancel_prediction", "DELETE", made["links"]["self"])


def record_preflights(ask: Recorder) -> None:
    first = ask.ask("create_preflight", "POST", "/v1/preflight?wait_s=0", json=TINY)
    path = first["links"]["self"]
    ask.ask("cancel_preflight", "DELETE", path)
    ask.ask("create_preflight", "POST", "/v1/preflight?wait_s=60&mini_steps=2", json=TINY)
    ask.ask("cancel_preflight", "DELETE", path)
    ask.ask("get_preflight", "GET", path)
    ask.ask("list_preflights", "GET", "/v1/preflights?limit=1")
    body = {"spec": TINY, "patches": [{"model": {"kind": "gru", "hidden_size": 8}}]}
    made = ask.ask("create_comparison", "POST", "/v1/preflight/compare?wait_s=0", json=body)
    ask.ask("create_comparison", "POST", "/v1/preflight/compare?wait_s=60&mini_steps=2", json=body)
    ask.ask("get_comparison", "GET", made["links"]["self"])
    ask.ask("cancel_comparison", "DELETE", made["links"]["self"])
    made = ask.ask("create_comparison", "POST", "/v1/preflight/compare?wait_s=0", json=body)
    ask.ask("cancel_comparison", "DELETE", made["links"]["self"])


def record_accounts(ask: Recorder) -> None:
    order = {"name": "dashboard", "scopes": ["runs:read"]}
    key = ask.ask("create_api_key", "POST", "/v1/api-keys", json=order)
    ask.ask("list_api_keys", "GET", "/v1/api-keys")
    ask.ask("revoke_api_key", "DELETE", f"/v1/api-keys/{key['id']}")
    made = ask.ask("create_workspace", "POST", "/v1/workspaces", json={"name": "speech team"})
    path, admin = f"/v1/workspaces/{made['id']}", f"/v1/admin/workspaces/{made['id']}"
    ask.ask("get_workspace", "GET", path)
    ask.ask("list_workspaces", "GET", "/v1/workspaces?limit=1")
    changes = {"quotas": {"max_running_runs": 2}}
    ask.ask("update_workspace", "PATCH", path, json=changes, headers=MERGE)
    ask.ask("suspend_workspace", "POST", f"{admin}/suspend")
    ask.ask("resume_workspace", "POST", f"{admin}/resume")
    ask.ask("list_audit_records", "GET", "/v1/audit?limit=1")
    ask.ask("list_all_runs", "GET", "/v1/admin/runs?limit=1")
    waiting = ask.ask("create_run", "POST", "/v1/runs", json=TINY)
    cancel = f"/v1/admin/runs/{waiting['id']}/cancel"
    ask.ask("cancel_any_run", "POST", cancel)
    ask.until_ended(f"/v1/runs/{waiting['id']}")
    ask.ask("cancel_any_run", "POST", cancel)


def record_service(ask: Recorder) -> None:
    ask.ask("get_catalog", "GET", "/v1/catalog")
    ask.ask("get_storage", "GET", "/v1/storage")
    workers = ask.ask("list_workers", "GET", "/v1/workers")
    path = f"/v1/workers/{workers['items'][0]['id']}/drain"
    ask.ask("drain_worker", "POST", path)
    ask.ask("undrain_worker", "DELETE", path)
    ask.ask("check_liveness", "GET", "/healthz")
    ask.ask("check_readiness", "GET", "/readyz")


def kept(found: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Returns the successes. Errors are shown from the classes that raise them."""
    return {
        operation: {status: body for status, body in sorted(answers.items()) if status < "400"}
        for operation, answers in sorted(found.items())
    }


def main(address: str, key: str) -> None:
    headers = {"Authorization": f"Bearer {key}", "X-Request-ID": uuid4().hex}
    with httpx.Client(base_url=address, headers=headers, timeout=120) as client:
        ask = Recorder(client)
        record_service(ask)
        record_accounts(ask)
        run_id = record_runs(ask)
        record_telemetry(ask, run_id)
        record_data(ask)
        record_preflights(ask)
        record_service(ask)
    TARGET.write_text(json.dumps(kept(ask.found), ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
