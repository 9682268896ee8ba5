"""What clients know of a probe: the names by which it is requested, its tiers and its check."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

#: How much probes measure, from the least to the most; each tier includes the previous one.
Tier = Literal["economy", "standard", "full"]
TIERS: tuple[Tier, ...] = get_args(Tier)
Precision = Literal["float32", "float64"]


@dataclass(frozen=True, kw_only=True)
class ProbeName:
    """A name in `probes.quantities` of a job spec."""

    name: str
    #: The lowest tier that measures it if a job spec lists no names; None if no tier does.
    tier: Tier | None
    #: What the network must have: completes "the network has no …". Empty if it needs nothing.
    needs: str = ""

    def is_in(self, tier: Tier) -> bool:
        return self.tier is not None and TIERS.index(self.tier) <= TIERS.index(tier)


@dataclass(frozen=True, kw_only=True)
class Check:
    """A measured error that shows whether the lag profile of a probe can be trusted."""

    quantity: str
    #: Its name in HTTP answers.
    name: str
    #: The largest error that round-off explains, by the precision of the run.
    limits: Mapping[Precision, float]
    #: The quantity that decides in its place where a probe measured both; empty without one.
    superseded_by: str = ""
