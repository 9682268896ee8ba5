"""Compares preflights of several job specs: their specs and what their first steps measured."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from math import log

from pydantic import JsonValue

from app.domain.quantities import ProbeQuantity, unit_of
from app.domain.scopes import Scope
from app.domain.specs.job import JobSpec, QuantityOrder
from app.domain.specs.patch import JsonObject, as_document

MAX_PATCHES = 8
#: Quantities of probes that are compared, beside lag profiles. Every arm measures them.
COMPARED: tuple[ProbeQuantity, ...] = ("lyapunov_exponents", "sum_rule")
HORIZON, RATIO = "gradient_horizon", "gradient_ratio_at_required_lag"
#: The scalars of these quantities that are compared.
COMPARED_SCALARS = frozenset(
    {
        "lyapunov_1",
        "sum_rule.total",
        "sum_rule.recurrent",
        "sum_rule.activation",
        "sum_rule.gates",
        "sum_rule.residual",
    }
)
#: Labels of a run, which do not affect training.
_LABELS = frozenset({"name", "tags", "notes", "parent_id", "lineage"})


@dataclass(frozen=True, kw_only=True)
class SpecDifference:
    """A value that differs between the spec of an arm and that of the base."""

    #: JSON pointer into the spec.
    pointer: str
    #: None if the spec has no such value.
    base: JsonValue
    arm: JsonValue


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A measured number of one arm and that of the base."""

    quantity: str
    scope: str
    value: float
    #: None when it was not measured for the base.
    base: float | None

    @property
    def unit(self) -> str:
        return unit_of(self.quantity)

    @property
    def difference(self) -> float | None:
        """The value less that of the base."""
        return None if self.base is None else self.value - self.base

    @property
    def factor(self) -> float | None:
        """The value divided by that of the base; None for quantities that may be negative."""
        if self.quantity not in {HORIZON, RATIO} or not self.base:
            return None
        return self.value / self.base


#: (quantity, scope) -> value at the last probe.
Measured = Mapping[tuple[str, str], float]


def comparison_spec(spec: JobSpec) -> JobSpec:
    """Returns the spec with probes that measure everything that is compared."""
    probes = spec.probes
    tier = "standard" if probes.tier in {"off", "economy"} else probes.tier
    quantities = probes.quantities
    if quantities is not None:
        # without duplicates, of which the first counts, so that the missing ones fit the maximum
        named: dict[ProbeQuantity, QuantityOrder] = {}
        for order, (name, _) in zip(quantities, probes.cadences or (), strict=True):
            named.setdefault(name, order)
        quantities = (*named.values(), *(name for name in COMPARED if name not in named))
    changed = probes.model_copy(update={"tier": tier, "quantities": quantities})
    return spec.model_copy(update={"probes": changed})


def spec_differences(base: JobSpec, arm: JobSpec) -> tuple[SpecDifference, ...]:
    """Returns the values in which two specs differ, defaults included and labels left out."""
    documents = (as_document(base), as_document(arm))
    first, second = ({k: v for k, v in one.items() if k not in _LABELS} for one in documents)
    return tuple(_differences(first, second, ""))


def figures_of(measured: Measured, base: Measured) -> tuple[Figure, ...]:
    """Returns the measured numbers of an arm beside those of the base."""
    return tuple(
        Figure(quantity=quantity, scope=scope, value=value, base=base.get((quantity, scope)))
        for (quantity, scope), value in measured.items()
    )


def ranked(arms: Sequence[Measured | None]) -> tuple[str | None, tuple[int, ...]]:
    """Returns the quantity by which the arms are ranked, and their indexes, the best first.

    The quantity is the gradient ratio at the lag that the task needs, if every arm has it: the
    nearer to 1 the better, for vanished and exploded gradients alike. Otherwise it is the gradient
    horizon. Arms that are None are left out. Returns (None, ()) when no quantity is known for all.
    """
    included = {index: measured for index, measured in enumerate(arms) if measured is not None}
    for quantity in (RATIO, HORIZON):
        values = {
            index: measured.get((quantity, str(Scope.model())))
            for index, measured in included.items()
        }
        known = {index: value for index, value in values.items() if value is not None}
        if known and len(known) == len(included):
            order = sorted(known, key=lambda index: _cost(quantity, known[index]))
            return quantity, tuple(order)
    return None, ()


def _cost(quantity: str, value: float) -> float:
    if quantity == HORIZON:
        return -value
    return abs(log(value)) if value > 0 else float("inf")


def _differences(base: JsonObject, arm: JsonObject, place: str) -> Iterator[SpecDifference]:
    for key in dict.fromkeys(chain(base, arm)):
        first, second, pointer = base.get(key), arm.get(key), f"{place}/{key}"
        if isinstance(first, dict) and isinstance(second, dict):
            yield from _differences(first, second, pointer)
        elif first != second:
            yield SpecDifference(pointer=pointer, base=first, arm=second)
