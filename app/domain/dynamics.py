"""The numbers that probes measure of a run's dynamics, and why one of them may be missing."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from app.domain.integrity import CHECKS
from app.domain.quantities import Form, Quantity, find_quantity
from app.domain.quantities.probed import PROBED
from app.domain.scopes import Scope

#: Numbers that probes measure, without the checks of the lag profile.
DYNAMICS: tuple[Quantity, ...] = tuple(
    quantity for quantity in PROBED if quantity.form is Form.NUMBER and quantity.name not in CHECKS
)

NO_PROBE_YET = "no probe has been taken yet"
PROBES_ARE_OFF = "probes are off (probes.tier)"
NOT_ORDERED = "this run's probes do not measure it"


@dataclass(frozen=True, kw_only=True)
class Unread:
    """A quantity that has no reading, and why."""

    quantity: str
    scope: Scope
    reason: str


def is_of_dynamics(name: str) -> bool:
    return find_quantity(name) in DYNAMICS


def unread(measured: Collection[str], *, tier: str, has_probes: bool) -> Iterator[Unread]:
    """Yields each quantity that was not measured, of a series only the first, with the reason."""
    reason = NOT_ORDERED if has_probes else NO_PROBE_YET
    if tier == "off":
        reason = PROBES_ARE_OFF
    for quantity in DYNAMICS:
        if quantity.name not in measured and quantity.rank in {None, 1}:
            yield Unread(quantity=quantity.name, scope=Scope.model(), reason=reason)
