"""What is measured: every quantity's formula, reduction, unit, sign, cost, source, in one table.

quantity  what a row of the table says
probe     what a client can know of a probe
trained   what is read of training itself
probed    what probes read; made by `make docs` from the cards in worker/probes
"""

from app.domain.quantities.probed import PROBE_NAMES, PROBE_QUANTITIES, PROBED, ProbeQuantity
from app.domain.quantities.quantity import Cadence, Form, Quantity
from app.domain.quantities.trained import EVALUATION, EVERY_STEP, ORIGIN, PROBE_COST

__all__ = [
    "CURVES",
    "LAG_PROFILE",
    "PER_TENSOR",
    "PROBE_NAMES",
    "PROBE_QUANTITIES",
    "QUANTITIES",
    "SCALARS",
    "SERIES",
    "Cadence",
    "Form",
    "ProbeQuantity",
    "Quantity",
    "find_quantity",
    "series_names",
    "unit_of",
]

#: Quantities with one value a step and run, in the order of the chunk's columns.
SCALARS = tuple(quantity.name for quantity in EVERY_STEP if quantity.is_of_model)
#: Quantities with one value a step and tensor.
PER_TENSOR = tuple(quantity.name for quantity in EVERY_STEP if quantity.is_per_tensor)

#: One number for each lag or position, served in the gradient flow.
CURVES = tuple(quantity for quantity in PROBED if quantity.form is Form.CURVE)
#: Read off the lag profile of a scope, and served like every other probe's scalar.
LAG_PROFILE = tuple(quantity.name for quantity in PROBED if quantity.form is Form.OF_LAG_PROFILE)
#: One number at a step and scope: what a history is of.
SERIES = (
    *EVERY_STEP,
    *EVALUATION,
    *(quantity for quantity in PROBED if quantity.form is not Form.CURVE),
    *PROBE_COST,
    *ORIGIN,
)
QUANTITIES = (*SERIES, *CURVES)
_BY_NAME = {quantity.name: quantity for quantity in QUANTITIES}


def series_names() -> tuple[str, ...]:
    return tuple(quantity.name for quantity in SERIES)


def find_quantity(name: str) -> Quantity | None:
    """The row of the table, for `lyapunov_7` that of `lyapunov_1`; None where there is none."""
    stem, underscore, rank = name.rpartition("_")
    if name in _BY_NAME or not rank.isdecimal():
        return _BY_NAME.get(name)
    first = _BY_NAME.get(f"{stem}{underscore}1")
    return first if first is not None and first.rank is not None else None


def unit_of(name: str) -> str:
    """Empty for a quantity that is not in the table."""
    quantity = find_quantity(name)
    return "" if quantity is None else quantity.unit
