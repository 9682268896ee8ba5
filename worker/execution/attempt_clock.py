"""The time of an attempt by the database's clock, without asking the database again."""

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(frozen=True, kw_only=True)
class AttemptClock:
    """Starts at a time of the database's clock; its moments are in order."""

    began_at: datetime
    _began_at_s: float = field(default_factory=time.monotonic)

    def now(self) -> datetime:
        return self.began_at + timedelta(seconds=time.monotonic() - self._began_at_s)
