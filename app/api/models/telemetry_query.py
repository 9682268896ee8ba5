"""What a client may ask of a run's readings and log."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from app.api.models.history import XAxis
from app.api.protocol.pages import DEFAULT_LIMIT
from app.domain.probe_selection import DEFAULT_MAX_PROBES, ProbeSelection
from app.domain.specs.base import MAX_INT, CleanText

DEFAULT_MAX_POINTS = 1000
#: Values of one repeatable parameter.
MAX_VALUES = 50
#: Largest number of an event that PostgreSQL can hold.
MAX_NUMBER = 2**63 - 1

Word = Annotated[CleanText, Field(min_length=1, max_length=300)]
Step = Annotated[int, Field(ge=0, le=MAX_INT)]


class _Asked(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class _Range(_Asked):
    from_step: Step | None = None
    to_step: Step | None = None
    """Included."""


class HistoryParameters(_Range):
    """The query of a history."""

    quantity: list[Word] = Field(
        ["loss", "grad_norm"], max_length=MAX_VALUES, examples=[["loss", "update_ratio"]]
    )
    """Repeatable; an unknown one is answered with those there are."""
    scope: list[Word] = Field([], max_length=MAX_VALUES)
    """Repeatable: `model`, `tensor:rnn.weight_hh_l0`, `validation`, `gate:0/forget`, …; without
    one, the model, or all scopes of a quantity that is not read of the whole model."""
    max_points: int | None = Field(None, ge=4, le=100_000)
    """Of each series: 1000 unless given; as CSV all unless given."""
    x: XAxis = "step"
    """What the axis `x` of each series is."""
    lineage: bool = False
    """True: with the steps of the runs that it was forked from, up to where each was left."""


class ProbeParameters(_Range):
    """The query of what probes measured."""

    scope: list[Word] = Field([], max_length=MAX_VALUES)
    """Repeatable: `model`, `layer:0`, `layer:0/reverse`, `gate:0/forget`; all without one."""
    max_probes: int = Field(DEFAULT_MAX_PROBES, ge=1, le=2000)
    """The first, the last and evenly spaced ones."""

    def selection(self) -> ProbeSelection:
        return ProbeSelection(
            scopes=self.scope,
            from_step=self.from_step,
            to_step=self.to_step,
            max_probes=self.max_probes,
        )


class EventParameters(_Asked):
    """The query of a log."""

    after: int = Field(0, ge=0, le=MAX_NUMBER)
    """Events past this number."""
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=200)
    """Events of a page."""
    follow: bool = True
    """False: a stream or lines stop at the present end of the log."""
