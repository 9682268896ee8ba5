"""Which of a run's probes somebody wants to see."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.domain.errors import InvalidInput, Problem

DEFAULT_MAX_PROBES = 200


@dataclass(frozen=True, kw_only=True)
class ProbeSelection:
    """Steps are inclusive; no scopes means all."""

    scopes: Sequence[str] = ()
    from_step: int | None = None
    to_step: int | None = None
    max_probes: int = DEFAULT_MAX_PROBES

    def spread(self, steps: Sequence[int]) -> list[int]:
        """At most `max_probes` of the steps, evenly spaced, the first and the last among them."""
        if len(steps) <= self.max_probes:
            return list(steps)
        positions = np.linspace(0, len(steps) - 1, self.max_probes).round().astype(int)
        return [steps[position] for position in np.unique(positions)]

    def check_scopes(self, there: Sequence[str]) -> None:
        """Raise InvalidInput that lists those there are; before the first probe any may come."""
        unknown = [scope for scope in self.scopes if there and scope not in there]
        if unknown:
            detail = f"Nothing was measured in the scope {unknown[0][:100]!r}; "
            detail += f"there are {', '.join(there)}."
            problem = Problem(pointer="query/scope", detail=detail, code="unknown")
            raise InvalidInput(detail, problems=[problem])


EVERYTHING = ProbeSelection()
