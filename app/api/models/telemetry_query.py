"""The queries of a run's readings and events."""

from typing import Annotated

from pydantic import Field

from app.api.models.request import RequestModel
from app.api.protocol.pages import DEFAULT_LIMIT
from app.domain.probe_selection import DEFAULT_MAX_PROBES, ProbeSelection
from app.domain.specs.base import MAX_INT, CleanText
from app.services.telemetry.plan_history import HistoryQuery
from app.services.telemetry.read_history import XAxis

DEFAULT_MAX_POINTS = 1000
#: Values of one repeatable parameter.
MAX_VALUES = 50
#: Largest number of an event that PostgreSQL can store.
MAX_NUMBER = 2**63 - 1

Word = Annotated[CleanText, Field(min_length=1, max_length=300)]
Step = Annotated[int, Field(ge=0, le=MAX_INT)]


class _Range(RequestModel):
    from_step: Step | None = None
    """First optimizer step. Null: the first that was measured."""
    to_step: Step | None = None
    """Inclusive."""


class HistoryParameters(_Range):
    """The query of a history."""

    quantity: list[Word] = Field(
        ["loss", "grad_norm"], max_length=MAX_VALUES, examples=[["loss", "update_ratio"]]
    )
    """Repeatable. The error for an unknown quantity lists those of the run."""
    scope: list[Word] = Field([], max_length=MAX_VALUES)
    """Repeatable: `model`, `tensor:rnn.weight_hh_l0`, `validation`, `gate:0/forget` and so on.
    Default: `model`, or all scopes of a quantity that is not measured for the whole model."""
    max_points: int | None = Field(None, ge=4, le=100_000)
    """Points per series. Default: 1000 as JSON, all in other forms."""
    x: XAxis = "step"
    """The content of `x` in each series."""
    lineage: bool = False
    """True: include the runs that it was forked from, each up to the step of the fork."""

    def selection(self) -> HistoryQuery:
        return HistoryQuery(
            quantities=self.quantity,
            scopes=self.scope,
            from_step=self.from_step,
            to_step=self.to_step,
            lineage=self.lineage,
        )


class ProbeParameters(_Range):
    """The query of measurements of probes."""

    scope: list[Word] = Field([], max_length=MAX_VALUES)
    """Repeatable: `model`, `layer:0`, `layer:0/reverse`, `gate:0/forget`. Default: all."""
    max_probes: int = Field(DEFAULT_MAX_PROBES, ge=1, le=2000)
    """Probes to answer at most: the first, the last and evenly spaced ones between. Fewer are
    answered where their curves have more than 100,000 numbers: narrow the range or the scopes."""

    def selection(self) -> ProbeSelection:
        return ProbeSelection(
            scopes=self.scope,
            from_step=self.from_step,
            to_step=self.to_step,
            max_probes=self.max_probes,
        )


class EventParameters(RequestModel):
    """The query of a run's events."""

    after: int = Field(0, ge=0, le=MAX_NUMBER)
    """Only events after this number."""
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=200)
    """The largest number of events on the page."""
    follow: bool = True
    """False: a stream or lines stop at the present last event."""
