"""Fuzzes a running API by its own published document.

    python -m tests.api.fuzzing --requests 20000 --seed 7

starts an installation of its own, prints what it found as JSON, and fails when there is a failure.
"""

import argparse
import sys
import time

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.core.result import Ok
from schemathesis.engine import events, from_schema

from tests.api.fuzz_bending import bent
from tests.api.fuzz_chosen import CHECKED_HERE
from tests.api.fuzz_tally import Tally
from tests.api.installation import Installation, api_process, standing_alone

PHASES = ("examples", "coverage", "fuzzing", "stateful")
#: Without the thousands of boundary values.
SHORT = ("examples", "fuzzing", "stateful")
#: Seconds that an answer may take, on a machine that does other things too.
MAX_RESPONSE_S = 10.0
#: Seconds after which a request that is not answered is called hanging.
PATIENCE_S = 60.0
#: Examples of an operation in a round of the long form.
EXAMPLES = 50
#: Nobody trains here, and `/readyz` says so, as its document promises.
_NOT_READY = {
    "include-name": "GET /readyz",
    "checks": {"not_a_server_error": {"expected-statuses": ["2xx", "4xx", "503"]}},
}

#: DELETE cancels a preflight, and answers 202: what it has found stays to be read.
_CANCELLED = {
    "include-name": "GET /v1/preflights/{preflight_id}",
    "checks": {"use_after_free": {"enabled": False}},
}


def fuzz(
    url: str,
    installation: Installation,
    tally: Tally,
    *,
    seed: int,
    examples: int,
    phases: tuple[str, ...] = PHASES,
) -> None:
    """One round over all operations; deterministic in the seed, but for ids and times."""
    settings = {
        "seed": seed,
        "base-url": url,
        "headers": {"Authorization": f"Bearer {installation.key}"},
        "continue-on-failure": True,
        "request-timeout": PATIENCE_S,
        "generation": {"max-examples": examples, "no-shrink": True, "database": "none"},
        "phases": {phase: {"enabled": phase in phases} for phase in PHASES},
        "checks": {"max_response_time": MAX_RESPONSE_S},
        "operations": [_NOT_READY, _CANCELLED, *CHECKED_HERE],
    }
    schema = schemathesis.openapi.from_url(
        f"{url}/openapi.json", config=SchemathesisConfig.from_dict(settings), timeout=PATIENCE_S
    )
    tally.rule_codes = frozenset(schema.raw_schema["info"]["x-rule-codes"])
    tally.offered = frozenset(
        found.ok().label for found in schema.get_all_operations() if isinstance(found, Ok)
    )
    started_at = time.monotonic()
    with bent(installation.engine):
        for event in from_schema(schema).execute():
            match event:
                case events.ScenarioFinished():
                    tally.add(event.recorder)
                case events.NonFatalError():
                    tally.failures.append(f"{event.label}: {event.info.format()}")
                case events.FatalError():
                    raise event.exception
                case _:
                    pass
    tally.seconds += time.monotonic() - started_at


def fuzz_long(*, num_requests: int, seed: int) -> Tally:
    """Rounds until so many requests were answered; the boundary values of `coverage` come once."""
    tally = Tally(seed=seed)
    with standing_alone() as made, api_process(made.settings) as api:
        phases: tuple[str, ...] = PHASES
        while tally.num_requests < num_requests:
            fuzz(api.url, made, tally, seed=seed, examples=EXAMPLES, phases=phases)
            phases = SHORT
            seed += 1
        with api.client(made.key) as client:
            assert client.get("/v1/runs").status_code == 200, "the fuzzer was locked out"
    return tally


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    tally = fuzz_long(num_requests=asked.requests, seed=asked.seed)
    sys.stdout.write(tally.as_json() + "\n")
    return 1 if tally.failures else 0


if __name__ == "__main__":
    sys.exit(main())
