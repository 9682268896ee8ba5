"""Which scalars of a run's probes tell of its dynamics, and why one of them may be missing."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from app.domain.quantities import LAG_PROFILE, SERIES, Cadence, Quantity

#: Checks of the instrument, its cost, and where a run stopped being finite: told elsewhere.
_TOLD_ELSEWHERE = frozenset({"checksum_error", "adjoint_error", "probe_seconds", "probe_share"})
_ORIGIN = "non_finite."
#: A whole spectrum has more exponents than the table has rows.
_EXPONENT = "lyapunov_"
_FIRST_EXPONENT = f"{_EXPONENT}1"

NO_PROBE_YET = "no probe has been taken yet"
PROBES_ARE_OFF = "probes are off (probes.tier)"
NOT_ORDERED = "it is not among what this run's probes measure"


@dataclass(frozen=True, kw_only=True)
class Unread:
    """A quantity that has no reading, and why."""

    quantity: str
    scope: str
    reason: str


def is_of_dynamics(name: str) -> bool:
    return name.startswith(_EXPONENT) or name in _NAMES


def unread(measured: Collection[str], *, tier: str, has_probes: bool) -> Iterator[Unread]:
    """Quantities of the table that are not among the measured ones; exponents count as one."""
    reason = NOT_ORDERED if has_probes else NO_PROBE_YET
    if tier == "off":
        reason = PROBES_ARE_OFF
    for name in _NAMES:
        is_further = name.startswith(_EXPONENT) and name != _FIRST_EXPONENT
        if name not in measured and not is_further:
            yield Unread(quantity=name, scope="model", reason=reason)


def _belongs(quantity: Quantity) -> bool:
    return (
        quantity.cadence is Cadence.PROBE
        and quantity.name not in LAG_PROFILE
        and quantity.name not in _TOLD_ELSEWHERE
        and not quantity.name.startswith(_ORIGIN)
    )


DYNAMICS: tuple[Quantity, ...] = tuple(filter(_belongs, SERIES))
_NAMES = tuple(quantity.name for quantity in DYNAMICS)
