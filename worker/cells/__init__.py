"""The layers of all recurrent cells: one module a kind, with its Jacobians in closed form.

layer           what training and the replay need of a layer
linearisation   what the replay needs of its Jacobians
states          weights and trajectory of one direction
kernels slopes  what several cells compute with
elman gru lstm

A new kind needs its module and two lines here, and its spec in `app/domain/specs/model`.
"""

from app.domain.specs.model.cell import RecurrentSpec
from worker.cells.elman import ELMAN
from worker.cells.gru import GRU
from worker.cells.layer import Layer, LayerMaker
from worker.cells.lstm import LSTM

CELLS: tuple[LayerMaker, ...] = (
    ELMAN,
    GRU,
    LSTM,
)


def make_layer(spec: RecurrentSpec, input_size: int) -> Layer:
    """A layer with the weights of torch's own generator. Raises LookupError for an unknown spec."""
    for cell in CELLS:
        layer = cell.layer_for(spec, input_size)
        if layer is not None:
            return layer
    raise LookupError(type(spec).__name__)
