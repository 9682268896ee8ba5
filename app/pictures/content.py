"""What a picture shows: plain values, which are sent to the process that draws.

Legend: n points, P probes, T lags.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Form = Literal["svg", "png"]
Theme = Literal["light", "dark"]


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A line; its values that are not finite are marked at the top of the panel."""

    label: str
    steps_n: Doubles
    values_n: Doubles
    is_dotted: bool = False


@dataclass(frozen=True, kw_only=True)
class Level:
    """A value to compare with, drawn across the panel."""

    label: str
    value: float


@dataclass(frozen=True, kw_only=True)
class Span:
    """The steps at which a finding held."""

    label: str
    severity: str
    first_step: int
    last_step: int


@dataclass(frozen=True, kw_only=True)
class Lines:
    """A panel of curves over the training steps."""

    title: str
    unit: str
    curves: tuple[Curve, ...]
    levels: tuple[Level, ...] = ()
    spans: tuple[Span, ...] = ()
    #: Logarithmic if every finite value is above 0.
    may_be_log: bool = True


@dataclass(frozen=True, kw_only=True)
class Heat:
    """The gradient flow: one column a probe, one row a lag."""

    title: str
    steps_P: Doubles
    lags_T: Doubles
    #: Base-10 logarithm of the gradient; -inf: exactly 0; inf: infinite or NaN; NaN: past the
    #: end of a sequence.
    log10_norm_PT: NDArray[np.floating]
    horizon_P: Doubles
    #: Lower and upper ends of the horizon's interval.
    horizon_interval_2P: Doubles
    required_lag: float | None


Panel = Lines | Heat


@dataclass(frozen=True, kw_only=True)
class Picture:
    """Panels below each other, in one form and size."""

    title: str
    panels: tuple[Panel, ...]
    form: Form
    #: In CSS pixels.
    width: int
    theme: Theme
