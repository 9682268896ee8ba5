"""What is measured: every quantity's formula, reduction, unit, sign, cost, source, in one table.

quantity  what a row of the table says
trained   what is read of training itself
profiles  what probes read off gradients over time
probed    what they read beside them
"""

from app.domain.quantities.probed import EXPONENT, PROBE_QUANTITIES, PROBED, ProbeQuantity
from app.domain.quantities.profiles import LAG_PROFILE_QUANTITIES, PROFILES
from app.domain.quantities.quantity import Cadence, Quantity
from app.domain.quantities.trained import EVALUATION, EVERY_STEP

__all__ = [
    "LAG_PROFILE",
    "PER_TENSOR",
    "PROBE_QUANTITIES",
    "QUANTITIES",
    "SCALARS",
    "SERIES",
    "Cadence",
    "ProbeQuantity",
    "Quantity",
    "series_names",
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
#: One number at a step and scope: what a history is of.
SERIES = (*EVERY_STEP, *EVALUATION, *LAG_PROFILE_QUANTITIES, *PROBED)
QUANTITIES = (*SERIES, *PROFILES)


def series_names() -> tuple[str, ...]:
    return tuple(quantity.name for quantity in SERIES)


def unit_of(name: str) -> str:
    """Empty for a quantity that is not in the table."""
    if name.startswith(EXPONENT) and name.removeprefix(EXPONENT).isdecimal():
        name = f"{EXPONENT}1"
    return next((quantity.unit for quantity in QUANTITIES if quantity.name == name), "")
