"""The formulas of clipping, on numbers that refuse to tell their value to a formula."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NoReturn

import pytest
from pydantic import JsonValue, TypeAdapter

from app.domain.specs.clipping import ClippingSpec

_specs: TypeAdapter[ClippingSpec] = TypeAdapter(ClippingSpec)


@dataclass(frozen=True)
class Number:
    """A number on a device that the host must not wait for."""

    value: float

    def __bool__(self) -> NoReturn:  # noqa: PLE0304 - nobody may ask
        pytest.fail("the formula waits for the device")

    def __truediv__(self, other: "Number", /) -> "Number":
        return Number(self.value / other.value if other.value else math.nan)

    def __rtruediv__(self, other: float, /) -> "Number":
        return Number(other / self.value if self.value else math.inf)

    def __lt__(self, other: float, /) -> "Number":
        return Number(self.value < other)

    def __gt__(self, other: float, /) -> "Number":
        return Number(self.value > other)

    def __and__(self, other: "Number", /) -> "Number":
        return Number(bool(self.value) and bool(other.value))

    def isfinite(self) -> "Number":
        return Number(math.isfinite(self.value))

    def sqrt(self) -> "Number":
        return Number(math.sqrt(self.value))

    def clamp_max(self, bound: float, /) -> "Number":
        return Number(min(self.value, bound))

    def where(self, condition: "Number", other: "Number", /) -> "Number":
        return self if condition.value else other


@dataclass
class Entries:
    """A gradient of a few numbers."""

    values: Sequence[float]
    norm: Number = field(init=False)
    one: Number = Number(1)
    factors: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.norm = self.norm_now()

    def scale(self, factor: Number, /) -> None:
        self.factors.append(factor.value)
        self.values = [value * factor.value for value in self.values]

    def clamp(self, bound: float, /) -> None:
        self.values = [max(-bound, min(bound, value)) for value in self.values]

    def norm_now(self) -> Number:
        return Number(math.hypot(*self.values))


def clipped(values: Sequence[float], spec: dict[str, JsonValue]) -> tuple[Sequence[float], float]:
    """The gradient after, and the coefficient."""
    entries = Entries(values)
    coefficient = _specs.validate_python(spec).clip(entries)
    return entries.values, coefficient.value


def test_without_clipping_nothing_changes() -> None:
    assert clipped([30.0, 40.0], {"kind": "none"}) == ([30.0, 40.0], 1)


@pytest.mark.parametrize(
    ("values", "coefficient"),
    [([3.0, 4.0], 0.4), ([0.3, 0.4], 1.0), ([1.2, 1.6], 1.0), ([0.0, 0.0], 1)],
)
def test_a_norm_above_the_largest_is_brought_down_to_it(
    values: list[float], coefficient: float
) -> None:
    after, found = clipped(values, {"kind": "norm", "max_norm": 2.0})

    assert found == pytest.approx(coefficient)
    assert after == pytest.approx([value * coefficient for value in values])


@pytest.mark.parametrize(
    ("values", "coefficient"),
    [([3.0, 4.0], 0.4), ([0.3, 0.4], 2.0), ([0.9, 1.2], 1.0), ([0.6, 0.8], 1.0), ([0.0], 1)],
)
def test_a_norm_below_the_smallest_is_brought_up_to_it(
    values: list[float], coefficient: float
) -> None:
    after, found = clipped(values, {"kind": "norm", "max_norm": 2.0, "min_norm": 1.0})

    assert found == pytest.approx(coefficient)
    assert after == pytest.approx([value * coefficient for value in values])


@pytest.mark.parametrize(
    ("values", "spec", "factors"),
    [
        ([3.0, 4.0], {"max_norm": 2.0}, [0.4]),
        ([3e-41, 4e-41], {"max_norm": 2.0, "min_norm": 2.0}, [2e20, 2e20]),
    ],
)
def test_a_gradient_is_raised_by_two_factors_that_float32_holds(
    values: list[float], spec: dict[str, JsonValue], factors: list[float]
) -> None:
    entries = Entries(values)

    _specs.validate_python({"kind": "norm", **spec}).clip(entries)

    assert entries.factors == pytest.approx(factors)


@pytest.mark.parametrize("min_norm", [None, 1.0])
def test_a_norm_that_is_not_finite_is_left_to_be_seen(min_norm: float | None) -> None:
    after, found = clipped([math.inf, 1.0], {"kind": "norm", "min_norm": min_norm})

    assert (after, found) == ([math.inf, 1.0], 1)


def test_each_entry_is_clamped_by_itself() -> None:
    after, found = clipped([3.0, -4.0, 0.0], {"kind": "value", "max_value": 0.3})

    assert after == [0.3, -0.3, 0.0]
    assert found == pytest.approx(0.3 * math.sqrt(2) / 5)


def test_a_small_gradient_is_clamped_like_a_large_one() -> None:
    after, found = clipped([0.3, 0.4], {"kind": "value", "max_value": 0.3})

    assert after == [0.3, 0.3]
    assert found == pytest.approx(0.3 * math.sqrt(2) / 0.5)


def test_a_zero_gradient_has_a_coefficient_of_one() -> None:
    assert clipped([0.0, 0.0], {"kind": "value"}) == ([0.0, 0.0], 1)
