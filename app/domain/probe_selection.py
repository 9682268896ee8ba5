"""A client's selection of a run's probes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.domain.errors import InvalidInput, Problem

DEFAULT_MAX_PROBES = 200


@dataclass(frozen=True, kw_only=True)
class ProbeSelection:
    """A range of steps, both ends included, and scopes; without scopes all are selected."""

    scopes: Sequence[str] = ()
    from_step: int | None = None
    to_step: int | None = None
    max_probes: int = DEFAULT_MAX_PROBES

    def positions(self, count: int) -> list[int]:
        """Returns which of `count` probes to keep: at most `max_probes`, evenly spaced.

        The first is one of them and, of two or more, the last.
        """
        if count <= self.max_probes:
            return list(range(count))
        places = np.linspace(0, count - 1, self.max_probes).round()
        return [int(place) for place in np.unique(places)]

    def check_scopes(self, there: Sequence[str]) -> None:
        """Raises InvalidInput for a scope without readings, except before the first probe."""
        unknown = [scope for scope in self.scopes if there and scope not in there]
        if unknown:
            detail = f"Nothing was measured in the scope {unknown[0][:100]!r}; "
            detail += f"there are {', '.join(there)}."
            problem = Problem(pointer="query/scope", detail=detail, code="unknown")
            raise InvalidInput(detail, problems=[problem])


EVERYTHING = ProbeSelection()
