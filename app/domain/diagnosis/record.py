"""How often a remedy cured runs with one cause, by training."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

#: Standard errors below the estimate at which the lower bound lies: about one in six lies below.
STANDARD_ERRORS = 1.0


@dataclass(frozen=True, kw_only=True)
class Record:
    """The runs with one cause on which a remedy was tried."""

    tried: int
    cured: int
    #: Of the same runs, those that were healthy without a change, with fresh seeds.
    control_cured: int
    #: Where the runs come from.
    source: str

    @property
    def lower_bound(self) -> float:
        """The lower end of the score interval of the share of cures (Wilson 1927)."""
        if not self.tried:
            return 0.0
        share, squared = self.cured / self.tried, STANDARD_ERRORS**2
        middle = share + squared / (2 * self.tried)
        spread = STANDARD_ERRORS * sqrt(
            share * (1 - share) / self.tried + squared / (4 * self.tried**2)
        )
        return max(0.0, (middle - spread) / (1 + squared / self.tried))


#: Code of a cause -> kind of a remedy -> its record.
Records = Mapping[str, Mapping[str, Record]]


def share_of_cures(records: Records, *, cause: str, remedy: str, untried: float) -> float:
    """Returns the lower bound of the remedy's record for the cause; `untried` without one."""
    record = records.get(cause, {}).get(remedy)
    return untried if record is None else record.lower_bound
