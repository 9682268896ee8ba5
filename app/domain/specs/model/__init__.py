"""Recurrent cells, one module for each kind, with its card.

cell    what every cell declares: fields, gates, costs, the equations of one timestep

A new kind needs a module and two lines here, and a layer in `worker/cells`.
"""

from collections.abc import Callable
from typing import Annotated

from pydantic import Field

from app.domain.specs.base import kind_of, members_of
from app.domain.specs.model.cell import CellCard, RecurrentSpec
from app.domain.specs.model.elman import ElmanSpec
from app.domain.specs.model.gru import GruSpec
from app.domain.specs.model.lstm import LstmSpec

ModelSpec = Annotated[
    ElmanSpec | GruSpec | LstmSpec,
    Field(discriminator="kind"),
]
#: In the order of the union.
CELLS = tuple(cell for cell in members_of(ModelSpec) if issubclass(cell, RecurrentSpec))


def cells_that(is_so: Callable[[CellCard], bool]) -> str:
    """Returns the kinds whose card meets the condition, for messages: `gru and lstm`."""
    return " and ".join(kind_of(cell) for cell in CELLS if is_so(cell.card))
