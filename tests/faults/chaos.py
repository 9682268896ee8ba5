"""The long form of the fault suite: breaks clinics for hours and writes down what came of it.

    python -m tests.faults.chaos [EXPERIMENT …] [--small] [--seed SEED] [--results FILE]

Without names it carries out all experiments. Each gets a clinic of its own in a temporary folder,
which stays where it fails. The results are merged into the file of JSON, and the page beside it is
written anew. The exit status is 1 when anything that was promised did not hold.
"""

# ruff: noqa: T201 - a program that prints

import argparse
import logging
import os
import secrets
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random

from app.server.listening import RESERVED_DESCRIPTORS
from tests.faults.clinic import NO_RATES, Clinic, open_clinic
from tests.faults.experiments.artifact_disk import lose_the_artifacts
from tests.faults.experiments.broker import lose_the_broker
from tests.faults.experiments.checkpoints import damage_checkpoints, time_checkpoints
from tests.faults.experiments.costly_bodies import send_costly_bodies
from tests.faults.experiments.crash_points import ALL_CASES, rehearse
from tests.faults.experiments.crowd import serve_a_crowd
from tests.faults.experiments.database import lose_the_database
from tests.faults.experiments.endurance import go_on_for_long
from tests.faults.experiments.kills import kill_at_random
from tests.faults.experiments.large_uploads import narrow_rows, short_words, upload_much, wide_rows
from tests.faults.experiments.nemesis import break_everything
from tests.faults.experiments.rescue import time_rescues
from tests.faults.experiments.slow_clients import keep_the_api_waiting
from tests.faults.experiments.zombies import wake_unfenced_zombies, wake_zombies
from tests.faults.injecting import injected, unfenced
from tests.faults.page import ROOT, entry_of, keep
from tests.faults.results import Result

RESULTS = ROOT / "docs" / "reliability.json"
#: Killing on purpose is nobody's fault: no run is to be quarantined for it.
MANY_CRASHES = {"CLINIC_MAX_CRASHES": "1000000"}
FREQUENT = {"CLINIC_CHECKPOINT_EVERY_S": "0.3", **MANY_CRASHES}
#: What they say of faults that are made on purpose, or of each request.
QUIET = ("alembic", "app", "httpx", "worker")

Run = Callable[[Clinic, Random], Result]


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """One way to break a clinic."""

    title: str
    #: What must hold, in a sentence.
    claim: str
    full: Run
    #: The same in a minute or two, to see that the program works.
    small: Run
    #: Variables of its workers and its API.
    changes: Mapping[str, str] = field(default_factory=dict)


EXPERIMENTS: Mapping[str, Experiment] = {
    "kills": Experiment(
        title="Random kills",
        claim="Under at least 500 SIGKILLs at random moments, at least 200 runs end as if there "
        "had been none; quarantine is off, checkpoints are 0.3 s apart.",
        full=partial(kill_at_random, num_runs=200, num_kills=500),
        small=partial(kill_at_random, num_runs=4, num_kills=8),
        changes={**FREQUENT, "CLINIC_SLOTS": "4"},
    ),
    "nemesis": Experiment(
        title="Everything at once",
        claim="Under 150 random faults of workers, API, broker, database and the TCP between "
        "them, each acknowledged run ends as if there had been none.",
        full=partial(break_everything, num_runs=60, num_faults=150),
        small=partial(break_everything, num_runs=4, num_faults=10),
        changes={**FREQUENT, "CLINIC_SLOTS": "2"},
    ),
    "zombies": Experiment(
        title="Zombies",
        claim="100 training processes that slept beyond their lease, with their workers, write "
        "nothing when they wake up.",
        full=partial(wake_zombies, num_zombies=100),
        small=partial(wake_zombies, num_zombies=4),
        changes={**FREQUENT, "CLINIC_SLOTS": "4"},
    ),
    "broker": Experiment(
        title="Broker outages",
        claim="Whatever happens to the broker, posts are answered within a second and their "
        "runs are trained.",
        full=partial(lose_the_broker, num_kills=20, num_flushes=20, num_silences=20, silence_s=60),
        small=partial(lose_the_broker, num_kills=1, num_flushes=1, num_silences=1, silence_s=5),
        changes=FREQUENT,
    ),
    "database": Experiment(
        title="Database outages",
        claim="Five outages of 5 s and five of 60 s, and lost replies to commits, cost no run and "
        "no row; the API says 503 with Retry-After within 2 s.",
        full=partial(lose_the_database, outages_s=[5.0] * 5 + [60.0] * 5, num_lost_replies=20),
        small=partial(lose_the_database, outages_s=[5.0], num_lost_replies=2),
        changes=FREQUENT,
    ),
    "rescue": Experiment(
        title="Rescue after a kill, fast preset",
        claim="With a heartbeat each second and a lease of 4 s, another worker has the run of a "
        "killed one within 10 s (p99).",
        full=partial(time_rescues, num_kills=15, within_s=10),
        small=partial(time_rescues, num_kills=2, within_s=10),
        changes=FREQUENT,
    ),
    "rescue-default": Experiment(
        title="Rescue after a kill, default preset",
        claim="With the timings that a clinic has by default, another worker has the run of a "
        "killed one within 45 s (p99).",
        full=partial(time_rescues, num_kills=12, within_s=45),
        small=partial(time_rescues, num_kills=1, within_s=45),
        changes={**FREQUENT, "CLINIC_TIMING": "default"},
    ),
    "crash-points": Experiment(
        title="Named crash points",
        claim="Whatever named moment a process is killed at, stopped at for longer than its lease "
        "or fails at, the run ends as it should.",
        full=rehearse,
        small=partial(rehearse, cases=ALL_CASES[::9]),
        changes={
            "CLINIC_CHECKPOINT_EVERY_S": "0.1",
            **MANY_CRASHES,
            **injected(Path(tempfile.gettempdir()) / f"chaos-order-{os.getpid()}"),
        },
    ),
    "unfenced": Experiment(
        title="Proof by mutation",
        claim="With the check of the attempt taken out of every write, zombies do write, and the "
        "checker sees it.",
        full=partial(wake_unfenced_zombies, num_zombies=12),
        small=partial(wake_unfenced_zombies, num_zombies=4),
        changes={**FREQUENT, "CLINIC_SLOTS": "4", **unfenced()},
    ),
    "slow-clients": Experiment(
        title="Slow clients",
        claim="While 2,000 clients send nothing, half a head, half a body, or a byte a second, or "
        "read no answer, an API with 1,024 descriptors answers others within 150 ms (p99), at once "
        "afterwards, and logs none of them.",
        full=partial(keep_the_api_waiting, num_clients=2000, max_descriptors=1024, num_gets=1000),
        small=partial(keep_the_api_waiting, num_clients=400, max_descriptors=1024, num_gets=100),
        changes={"CLINIC_MAX_CONNECTIONS": str(1024 - RESERVED_DESCRIPTORS)},
    ),
    "bodies": Experiment(
        title="Costly bodies",
        claim="No body of an allowed size, of at least 200 shapes, anonymous or keyed, stalls "
        "others for more than 100 ms, takes more than 64 MiB or is answered 5xx.",
        full=partial(send_costly_bodies, every=1),
        small=partial(send_costly_bodies, every=1),
        changes=NO_RATES,
    ),
    "uploads": Experiment(
        title="Large uploads",
        claim="Uploads of 62 MiB under an idempotency key are stored; meanwhile a small upload of "
        "another workspace takes at most 3 s, and no GET more than 300 ms.",
        full=partial(upload_much, contents=(short_words, wide_rows, narrow_rows), size_mib=62),
        small=partial(upload_much, contents=(short_words,), size_mib=62),
        changes=NO_RATES,
    ),
    "crowd": Experiment(
        title="A crowd of runs",
        claim="Of 1,000 queued runs, ten workspaces have equal shares of those that end first; a "
        "list of runs takes at most 100 ms (p99), a preflight of the initial weights at most 5 s, "
        "and no worker ends.",
        full=partial(serve_a_crowd, num_runs=1000, quiet_s=60),
        small=partial(serve_a_crowd, num_runs=100, quiet_s=5),
        changes={**NO_RATES, "CLINIC_SLOTS": "2"},
    ),
    "endurance": Experiment(
        title="Many runs and requests",
        claim="Over 2,000 runs and 50,000 requests the memory, the descriptors and the database "
        "connections of the API and the workers stay flat: from a tenth to the half, and from "
        "there to the end, no process grows by more than 32 MiB.",
        full=partial(go_on_for_long, num_runs=2000, num_requests=50_000),
        small=partial(go_on_for_long, num_runs=100, num_requests=2000),
        changes={**NO_RATES, "CLINIC_SLOTS": "2"},
    ),
    "damage": Experiment(
        title="Damaged checkpoints",
        claim="Of 1,000 checkpoints that were damaged on the disk, each is noticed, and the run "
        "goes on from the one before.",
        full=partial(damage_checkpoints, num_checkpoints=1000),
        small=partial(damage_checkpoints, num_checkpoints=20),
    ),
    "artifact-disk": Experiment(
        title="Artifact disk full, read-only and taken away",
        claim="While the disk of the artifacts is full, read-only or taken away, 20 times each at "
        "random moments, no run loses weights or succeeds without them, and all end once the disk "
        "is back.",
        full=partial(lose_the_artifacts, num_each=20),
        small=partial(lose_the_artifacts, num_each=2),
        changes={**FREQUENT, "CLINIC_SLOTS": "2"},
    ),
    "checkpoint-cost": Experiment(
        title="The cost of checkpoints",
        claim="At the default interval checkpoints take at most 2 % of wall time.",
        full=partial(time_checkpoints, num_checkpoints=40),
        small=partial(time_checkpoints, num_checkpoints=4),
    ),
}


def carry_out(name: str, *, seed: int, is_small: bool, results: Path) -> bool:
    """Whether it passed; what breaks the experiment itself is a failure too."""
    experiment = EXPERIMENTS[name]
    print(f"{name}: seed {seed}", flush=True)
    began_s = time.monotonic()
    run = experiment.small if is_small else experiment.full
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    try:
        with open_clinic(folder / "home", **experiment.changes) as clinic:
            result = run(clinic, Random(seed))  # noqa: S311 - a seed is to repeat it
    except Exception as failure:  # noqa: BLE001 - the edge: the other experiments follow
        traceback.print_exc()
        result = Result(passed=False, figures={}, complaints=[repr(failure)[:2000]])
    if result.passed:
        shutil.rmtree(folder)
    else:
        print(f"  its home, with the logs: {folder}")
    entry = entry_of(experiment.title, experiment.claim, result, seed=seed, began_s=began_s)
    keep(entry, name=name, source=results)
    for words, figure in entry.figures.items():
        print(f"  {words}: {figure}")
    for words in entry.complaints:
        print(f"  ! {words}")
    print(f"  {'passed' if entry.passed else 'FAILED'} in {entry.seconds:.0f} s", flush=True)
    return entry.passed


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="EXPERIMENT", help=", ".join(EXPERIMENTS))
    parser.add_argument("--small", action="store_true", help="small counts: a minute or two each")
    parser.add_argument("--seed", type=int, help="repeat what was broken when")
    parser.add_argument("--results", type=Path, default=RESULTS)
    asked = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s")
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    if unknown := set(asked.names) - set(EXPERIMENTS):
        parser.error(f"no such experiment: {', '.join(sorted(unknown))}")
    passed = [
        carry_out(
            name,
            seed=secrets.randbits(32) if asked.seed is None else asked.seed,
            is_small=asked.small,
            results=asked.results,
        )
        for name in asked.names or EXPERIMENTS
    ]
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
