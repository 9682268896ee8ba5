"""What is measured: every quantity's name, unit, formula, sign and source, in one table.

quantity  what a row of the table says
trained   what is read of training itself
probed    what probes read
"""

from app.domain.quantities.probed import (
    EXPONENT,
    LAG_PROFILE_QUANTITIES,
    PROBE_QUANTITIES,
    PROBED,
    ProbeQuantity,
)
from app.domain.quantities.quantity import Cadence, Quantity
from app.domain.quantities.trained import EVALUATION, EVERY_STEP

__all__ = [
    "LAG_PROFILE",
    "PER_TENSOR",
    "PROBE_QUANTITIES",
    "QUANTITIES",
    "SCALARS",
    "Cadence",
    "ProbeQuantity",
    "Quantity",
    "quantity_names",
    "unit_of",
]

#: Quantities with one value a step and run, in the order of the chunk's columns.
SCALARS = (
    "loss",
    "grad_norm",
    "clip_coefficient",
    "update_ratio",
    "learning_rate",
    "elapsed_s",
    "non_finite_count",
)
#: Quantities with one value a step and tensor.
PER_TENSOR = ("grad_norm", "weight_norm", "update_ratio", "zero_fraction")

#: Read off the lag profile of a scope, and served like every other probe's scalar.
LAG_PROFILE = tuple(quantity.name for quantity in LAG_PROFILE_QUANTITIES)
QUANTITIES = (*EVERY_STEP, *EVALUATION, *LAG_PROFILE_QUANTITIES, *PROBED)


def quantity_names() -> tuple[str, ...]:
    return tuple(quantity.name for quantity in QUANTITIES)


def unit_of(name: str) -> str:
    """Empty for a quantity that is not in the table."""
    if name.startswith(EXPONENT) and name.removeprefix(EXPONENT).isdecimal():
        name = f"{EXPONENT}1"
    return next((quantity.unit for quantity in QUANTITIES if quantity.name == name), "")
