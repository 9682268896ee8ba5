"""Measures what a trial of the demo's sick Elman network costs, and what it says.

    python -m bench.trials [--remedies KIND KIND KIND] [--seeds 3] [--budget 4] [--until decided]

It starts a service of its own in a temporary home, trains the network, tries three of its remedies
beside the untreated run, and prints the time of the trial relative to that of the run. The number
of processes that wanted a core, averaged over the last minute, stands beside each time.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import httpx

from app.demo.orders import orders
from app.demo.service import service

_POLL_S = 0.2
_TIMEOUT_S = 60.0
_NO_UPLOAD = "00000000-0000-0000-0000-000000000000"


def wait_for(http: httpx.Client, path: str) -> dict[str, Any]:
    """Returns what is there once it has ended."""
    while True:
        found: dict[str, Any] = http.get(path).raise_for_status().json()
        if found["ended_at"] is not None:
            return found
        time.sleep(_POLL_S)


def posted(http: httpx.Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = http.post(path, json=body)
    if answer.is_error:
        raise SystemExit(answer.text)
    made: dict[str, Any] = answer.json()
    return made


def measure(http: httpx.Client, body: dict[str, Any]) -> None:
    """Trains the sick network and tries its remedies; prints both."""
    spec = orders(_NO_UPLOAD)[0].body
    began = time.monotonic()
    run = posted(http, "/v1/runs", spec)
    wait_for(http, run["links"]["self"])
    run_s = time.monotonic() - began
    print(f"the run: {run_s:.1f} s, load {_load():.1f}", flush=True)
    began = time.monotonic()
    trial = posted(http, f"{run['links']['self']}/trials", body)
    trial = wait_for(http, trial["links"]["self"])
    trial_s = time.monotonic() - began
    print(f"the trial: {trial_s:.1f} s, {trial_s / run_s:.2f} times the run, load {_load():.1f}")
    began_at = datetime.fromisoformat(trial["created_at"])
    print(f"{trial['end_reason']}, budget spent {trial['budget']['spent']:.2f}")
    for arm in (trial["control"], *trial["remedies"]):
        print(_line_of(arm))
        for one in arm["runs"]:
            if one["run_id"] not in {None, run["id"]}:
                print(f"    {_times_of(http, one, began_at)}")
    print(f"winner: {trial['winner']}")


def _line_of(arm: dict[str, Any]) -> str:
    difference = arm["difference"]
    told = "" if difference is None else f" difference {difference['mean']:.3f}"
    if difference is not None and difference["interval"] is not None:
        low, high = difference["interval"]
        told += f" [{low:.3f}, {high:.3f}]"
    runs = ", ".join(
        f"seed {run['seed']}: {run['stop_reason']} after {run['step']} steps and "
        f"{run['seconds']:.1f} s, progress {_number(run['progress'])}{_error(run['error'])}"
        for run in arm["runs"]
    )
    return f"{arm['remedy'] or 'untreated'}: {arm['verdict']}{told} ({runs})"


def _error(sentence: str | None) -> str:
    return "" if sentence is None else f" ({sentence})"


def _times_of(http: httpx.Client, one: dict[str, Any], began_at: datetime) -> str:
    """When a run of the trial trained, in seconds since the trial was asked for."""
    run: dict[str, Any] = http.get(f"/v1/runs/{one['run_id']}").raise_for_status().json()
    times = [run[key] for key in ("created_at", "started_at", "ended_at")]
    seconds = [
        "never" if at is None else f"{(datetime.fromisoformat(at) - began_at).total_seconds():.1f}"
        for at in times
    ]
    return f"seed {one['seed']}: queued {seconds[0]}, started {seconds[1]}, ended {seconds[2]}"


def _load() -> float:
    return os.getloadavg()[0]


def _number(progress: dict[str, Any]) -> str:
    value = progress["validation"] if progress["test"] is None else progress["test"]
    return "unknown" if value is None else f"{value:.3f}"


def main(given: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--remedies", nargs="+", default=None, help="by default the first three")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--budget", type=float, default=4.0)
    parser.add_argument("--until", choices=("first_cure", "decided"), default="first_cure")
    chosen = parser.parse_args(given)
    body = {
        "remedies": chosen.remedies,
        "num_seeds": chosen.seeds,
        "budget": chosen.budget,
        "until": chosen.until,
    }
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"CLINIC_HOME": home, "CLINIC_PORT": "0"}
        with service() as running:
            headers = {"Authorization": f"Bearer {running.key}"}
            address = running.address
            with httpx.Client(base_url=address, headers=headers, timeout=_TIMEOUT_S) as http:
                measure(http, body)


if __name__ == "__main__":
    main()
