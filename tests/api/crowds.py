"""The figures of crowds: followers of a run, equal POSTs under one key, ten callers a connection.

    python -m tests.api.crowds --clients 500 --posts 1000

starts an installation of its own and prints what it found as JSON.
"""

import argparse
import json
import sys
from dataclasses import asdict

from tests.api.callers import overload, post_under_one_key
from tests.api.followers import follow
from tests.api.installation import api_process, standing_alone

#: Connections to the database of one API process.
POOL_SIZE = 20
STALL_S = 5.0
NUM_EVENTS = 500


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=500)
    parser.add_argument("--posts", type=int, default=1000)
    asked = parser.parse_args()
    with standing_alone() as made, api_process(made.settings) as api:
        one_key = post_under_one_key(api, made, num_callers=asked.posts)
        overloaded = overload(api, made, num_callers=10 * POOL_SIZE, stall_s=STALL_S)
        following = follow(
            api,
            made,
            num_clients=asked.clients,
            num_stalled=asked.clients // 5,
            num_events=NUM_EVENTS,
        )
    found = {
        "one_key": asdict(one_key),
        "overload": asdict(overloaded),
        "followers": {**asdict(following), "growth_mib": round(following.growth_mib, 1)},
    }
    sys.stdout.write(json.dumps(found, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
