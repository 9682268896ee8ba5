"""How many requests each client may make per second, and how many it has left.

A limit of `per_s` allows as many requests at once as in WINDOW_S seconds, and refills evenly (the
generic cell rate algorithm): one number a client is all that is stored.
"""

import math
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from app.domain.errors import TooManyRequests

#: Seconds whose requests may come at once.
WINDOW_S = 10
#: Clients with a number of their own. Beyond it, those that have all their requests left go.
MAX_CLIENTS = 100_000


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where a client stands with one limit (draft-ietf-httpapi-ratelimit-headers)."""

    name: str
    most: int
    num_left: int
    #: Seconds until all of them are left again.
    full_in_s: float

    @property
    def policy(self) -> str:
        """An item of `RateLimit-Policy`."""
        return f'"{self.name}";q={self.most};w={WINDOW_S}'

    @property
    def state(self) -> str:
        """An item of `RateLimit`."""
        return f'"{self.name}";r={self.num_left};t={math.ceil(self.full_in_s)}'


class RateLimit:
    """A limit of requests per second for each client. Use it from the event loop alone."""

    def __init__(
        self, name: str, *, per_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.name = name
        self._each_s = 1 / per_s
        self._most = max(1, math.floor(WINDOW_S * per_s))
        self._clock = clock
        #: When a client has all its requests again.
        self._full_at: dict[Hashable, float] = {}

    def __len__(self) -> int:
        return len(self._full_at)

    def spend(self, client: Hashable) -> Standing:
        """Count one request. Raises TooManyRequests, and then counts none."""
        now = self._clock()
        missing_s = max(0.0, self._full_at.get(client, now) - now)
        longest_s = (self._most - 1) * self._each_s
        if missing_s > longest_s + 1e-9:
            raise TooManyRequests(
                limit=self.name,
                most=self._most,
                window_s=WINDOW_S,
                retry_after_s=missing_s - longest_s,
            )
        if client not in self._full_at and len(self._full_at) >= MAX_CLIENTS:
            self._forget(now)
        missing_s += self._each_s
        self._full_at[client] = now + missing_s
        num_left = max(0, self._most - math.ceil(missing_s / self._each_s - 1e-6))
        return Standing(name=self.name, most=self._most, num_left=num_left, full_in_s=missing_s)

    def _forget(self, now: float) -> None:
        self._full_at = {one: at for one, at in self._full_at.items() if at > now}
        if len(self._full_at) >= MAX_CLIENTS:
            # so many clients in WINDOW_S: better none is refused for once than memory without end
            self._full_at.clear()
