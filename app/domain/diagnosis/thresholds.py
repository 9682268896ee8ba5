"""What a threshold is, and the thresholds of one diagnosis.

The thresholds of a detector are the fields of one frozen dataclass, declared by `threshold`,
`share` and `count`. `overrides` lists all of them by the names that a query uses.
"""

from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from types import MappingProxyType
from typing import Any, ClassVar, Protocol, TypeVar

#: The largest value of a threshold that is not a share.
HUGE = 1e300
MAX_COUNT = 10**9
#: The source of thresholds that were chosen by runs with a known outcome.
CALIBRATED = "calibrated on runs of the adding problem (T = 60 and 200, H = 64) of known outcome"
#: The source of thresholds that were chosen by the stored runs of the benchmark.
BENCHMARK = "calibrated on the runs of bench/diagnosis"
#: The source of thresholds that were chosen without a measurement.
CHOSEN = "chosen"
_KEY = "threshold"


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """One number that a finding depends on."""

    #: An int if only whole numbers are allowed.
    default: float
    #: 1 if it has no dimension.
    unit: str
    #: Inclusive bounds of an override.
    low: float
    high: float
    meaning: str
    source: str

    @property
    def is_count(self) -> bool:
        return isinstance(self.default, int)


class Limits(Protocol):
    """A frozen dataclass of thresholds that all have defaults."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]  # as typeshed declares a dataclass


T = TypeVar("T", bound=Limits)


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """All thresholds of one diagnosis: the replaced ones, and defaults for the others."""

    #: At most one of each class.
    replaced: tuple[Limits, ...] = ()

    def of(self, kind: type[T]) -> T:
        """Returns the thresholds of one detector, by their class."""
        return (
            next((limits for limits in self.replaced if isinstance(limits, kind)), None) or kind()
        )


DEFAULT = Thresholds()


def threshold(
    default: float,
    *,
    meaning: str,
    source: str,
    unit: str = "1",
    low: float = 0.0,
    high: float = HUGE,
) -> float:
    """Declares a field with a number."""
    return field(
        default=default,
        metadata={
            _KEY: Threshold(
                default=default, unit=unit, low=low, high=high, meaning=meaning, source=source
            )
        },
    )


def share(default: float, *, meaning: str, source: str) -> float:
    """Declares a field with a share, from 0 to 1."""
    return threshold(default, meaning=meaning, source=source, high=1)


def count(default: int, *, unit: str, meaning: str, source: str, low: int = 1) -> int:
    """Declares a field with a whole number."""
    known = Threshold(
        default=default, unit=unit, low=low, high=MAX_COUNT, meaning=meaning, source=source
    )
    return field(default=default, metadata={_KEY: known})


def thresholds_in(kind: type[Limits]) -> Mapping[str, Threshold]:
    """Returns the thresholds of a class by the names of its fields."""
    return MappingProxyType({part.name: part.metadata[_KEY] for part in fields(kind)})
