"""Job specs side by side: how they differ, and in what their first steps do."""

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
#: What is laid side by side, beside the lag profile: measured whatever a spec asks for.
COMPARED: tuple[ProbeQuantity, ...] = ("lyapunov_exponents", "sum_rule")
HORIZON, RATIO = "gradient_horizon", "gradient_ratio_at_required_lag"
#: Scalars of probes that are laid side by side, of those that `COMPARED` measures.
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
#: Labels of a run, which change nothing about it.
_LABELS = frozenset({"name", "tags", "notes"})


@dataclass(frozen=True, kw_only=True)
class SpecDifference:
    """One place in which a spec is not as the base."""

    pointer: str
    #: None where there is nothing.
    base: JsonValue
    arm: JsonValue


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One number of one arm, beside that of the base."""

    quantity: str
    scope: str
    value: float
    #: None where the base has no such number.
    base: float | None

    @property
    def unit(self) -> str:
        return unit_of(self.quantity)

    @property
    def difference(self) -> float | None:
        return None if self.base is None else self.value - self.base

    @property
    def factor(self) -> float | None:
        """Of what cannot be negative alone: elsewhere it would say nothing."""
        if self.quantity not in {HORIZON, RATIO} or not self.base:
            return None
        return self.value / self.base


#: (quantity, scope) -> value at the last probe.
Measured = Mapping[tuple[str, str], float]


def spec_to_compare(spec: JobSpec) -> JobSpec:
    """With everything that is compared among what its probes measure."""
    probes = spec.probes
    tier = "standard" if probes.tier in {"off", "economy"} else probes.tier
    quantities = probes.quantities
    if quantities is not None:
        # of what is named twice the first stands: there must be room for what is missing
        named: dict[ProbeQuantity, QuantityOrder] = {}
        for order, (name, _) in zip(quantities, probes.cadences or (), strict=True):
            named.setdefault(name, order)
        quantities = (*named.values(), *(name for name in COMPARED if name not in named))
    changed = probes.model_copy(update={"tier": tier, "quantities": quantities})
    return spec.model_copy(update={"probes": changed})


def spec_differences(base: JobSpec, arm: JobSpec) -> tuple[SpecDifference, ...]:
    """Value by value, defaults included, labels left out."""
    documents = (as_document(base), as_document(arm))
    first, second = ({k: v for k, v in one.items() if k not in _LABELS} for one in documents)
    return tuple(_differences(first, second, ""))


def figures_of(measured: Measured, base: Measured) -> tuple[Figure, ...]:
    return tuple(
        Figure(quantity=quantity, scope=scope, value=value, base=base.get((quantity, scope)))
        for (quantity, scope), value in measured.items()
    )


def ranked(arms: Sequence[Measured | None]) -> tuple[str | None, tuple[int, ...]]:
    """What they are ranked by, and the arms that have it, the best first; None is not looked at.

    By the gradient at the lag that the task needs where every arm has it: the nearer to that at lag
    0 the better, vanished and exploded alike. Else by how far back it reaches.
    """
    there = {index: measured for index, measured in enumerate(arms) if measured is not None}
    for quantity in (RATIO, HORIZON):
        values = {
            index: measured.get((quantity, str(Scope.model()))) for index, measured in there.items()
        }
        known = {index: value for index, value in values.items() if value is not None}
        if known and len(known) == len(there):
            order = sorted(known, key=lambda index: _badness(quantity, known[index]))
            return quantity, tuple(order)
    return None, ()


def _badness(quantity: str, value: float) -> float:
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
