"""What a client can know of a probe: the names to ask for it by, its tiers, its check."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

#: How much probes measure, from the least to the most: each has all that the one before it has.
Tier = Literal["economy", "standard", "full"]
TIERS: tuple[Tier, ...] = get_args(Tier)
Precision = Literal["float32", "float64"]


@dataclass(frozen=True, kw_only=True)
class ProbeName:
    """A name in `probes.quantities` of a job spec."""

    name: str
    #: The least tier that measures it when a job spec lists no names; None where no tier does.
    tier: Tier | None
    #: What the network must have: completes "the network has no …". Empty: nothing.
    needs: str = ""

    def is_in(self, tier: Tier) -> bool:
        return self.tier is not None and TIERS.index(self.tier) <= TIERS.index(tier)


@dataclass(frozen=True, kw_only=True)
class Check:
    """An error by which a probe says whether the lag profile can be believed."""

    quantity: str
    #: Its name in HTTP answers.
    name: str
    #: The largest error that round-off explains, by the precision of the run.
    limits: Mapping[Precision, float]
