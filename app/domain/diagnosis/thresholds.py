"""Every constant that a finding depends on, with its unit and source; a query can override each.

`Calibrated` means: chosen on runs of the adding problem (T = 60 and 200, H = 64) of known outcome.
"""

from collections.abc import Iterator, Mapping
from dataclasses import Field, dataclass, field, fields, replace
from math import isfinite
from types import MappingProxyType

from app.domain.errors import InvalidInput, Problem

_HUGE = 1e300


def _threshold(default: float, *, low: float = 0.0, high: float = _HUGE) -> float:
    return field(default=default, metadata={"low": low, "high": high})


def _count(default: int, *, low: int = 1) -> int:
    return field(default=default, metadata={"low": low, "high": 10**9})


@dataclass(frozen=True, kw_only=True)
class VanishingThresholds:
    """`vanishing_gradient`."""

    #: Gradient norm at the required lag relative to lag 0, dimensionless. 1 %, as for the horizon.
    max_ratio: float = _threshold(0.01)
    #: Probes in a row that must agree. Calibrated: single probes scatter.
    min_probes: int = _count(3)
    #: Steps before which a short reach is a prognosis; the larger of this and the next counts.
    #: Calibrated: at step 0 as many of the runs that later learned had a short horizon as of those
    #: that did not.
    settle_steps: int = _count(100, low=0)
    #: The same as a share of the steps asked for.
    settle_share: float = _threshold(0.02, high=1)
    #: task_progress from which on a short reach does no harm.
    learned_progress: float = _threshold(0.5, high=1)
    #: task_progress below which nothing was learned. Calibrated: a validation split puts the floor
    #: off by some 4 %.
    flat_progress: float = _threshold(0.1, high=1)
    #: Share of the steps over which a reach that does not grow is called stalled.
    stall_share: float = _threshold(0.2, high=1)
    #: Relative growth of the reach over that stretch that counts as growing. Calibrated.
    min_growth: float = _threshold(0.1)


@dataclass(frozen=True, kw_only=True)
class ExplodingThresholds:
    """`exploding_gradient`."""

    #: ||gradient|| ||weights|| / loss at the start, dimensionless: a relative change of the weights
    #: of its reciprocal would change the loss by all of it, to first order. Calibrated: at most
    #: 1.2e3 in runs that learned; 2e5 to 5e10 at a recurrent radius of 2, 1e22 and more at 3.
    max_sensitivity: float = _threshold(1e5, low=1)
    #: Share of recent steps above `max_sensitivity` from which on the explosion is lasting.
    lasting_share: float = _threshold(0.5, high=1)
    #: Steps of `recent_steps` above `max_sensitivity` from which on there is a finding at all.
    min_steps: int = _count(3)
    #: Norm before clipping relative to the median of the steps before, for a spike. Calibrated: at
    #: most 37 in runs that learned.
    spike_factor: float = _threshold(100.0, low=1)
    #: Loss relative to the median of the steps before, for a jump.
    loss_factor: float = _threshold(10.0, low=1)
    #: Gradient at the longest lag relative to lag 0, for a curve that rises. Solved networks rise 8
    #: to 29 times.
    max_rise: float = _threshold(1e4, low=1)
    #: Finite steps needed before anything is said.
    min_history: int = _count(20)
    #: An explosion is present when it was seen within so many steps, or a fifth of the steps done
    #: when that is more.
    recent_steps: int = _count(100)
    #: As for `vanishing_gradient`.
    learned_progress: float = _threshold(0.5, high=1)


@dataclass(frozen=True, kw_only=True)
class NonFiniteThresholds:
    """`non_finite`."""

    #: Finite steps in a row after which a run that goes on has got over it.
    recovery_steps: int = _count(100)
    #: Median ||update|| / ||weights|| over the steps before, for a learning rate that is too high.
    #: Usual: 1e-3.
    max_update_ratio: float = _threshold(0.1)


@dataclass(frozen=True, kw_only=True)
class ClippingThresholds:
    """`clipping_masks_explosion`."""

    #: Share of recent steps that clipping touched.
    min_clipped_fraction: float = _threshold(0.5, high=1)
    #: Median norm before clipping relative to the norm after it. Calibrated: up to 4 in runs that
    #: learn, 1e20 in one that exploded.
    min_excess: float = _threshold(10.0, low=1)
    #: task_progress below which the task is not learned.
    flat_progress: float = _threshold(0.1, high=1)
    #: As for `vanishing_gradient`.
    learned_progress: float = _threshold(0.5, high=1)
    #: Steps looked at, or a fifth of the steps done when that is more.
    recent_steps: int = _count(100)
    #: Finite steps needed before anything is said.
    min_history: int = _count(20)


@dataclass(frozen=True, kw_only=True)
class BaselineThresholds:
    """`no_better_than_baseline`."""

    #: Share of the steps asked for before which a run need not have learned.
    min_share: float = _threshold(0.5, high=1)
    #: task_progress to be better than the baseline, where the attainable score is known.
    min_progress: float = _threshold(0.1, high=1)
    #: Relative gain over the baseline to be better, where it is not.
    min_gain: float = _threshold(0.01, high=1)
    #: Median ||update|| / ||weights|| below which the learning rate is too low. Usual: 1e-3.
    min_update_ratio: float = _threshold(1e-5)


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """All of them, by finding code."""

    vanishing_gradient: VanishingThresholds = VanishingThresholds()
    exploding_gradient: ExplodingThresholds = ExplodingThresholds()
    non_finite: NonFiniteThresholds = NonFiniteThresholds()
    clipping_masks_explosion: ClippingThresholds = ClippingThresholds()
    no_better_than_baseline: BaselineThresholds = BaselineThresholds()


DEFAULT = Thresholds()
#: `code.name` -> default.
DEFAULTS: Mapping[str, float] = MappingProxyType(
    {
        f"{group.name}.{part.name}": getattr(getattr(DEFAULT, group.name), part.name)
        for group in fields(DEFAULT)
        for part in fields(getattr(DEFAULT, group.name))
    }
)


def bounds_of(name: str) -> tuple[float, float]:
    """The least and the largest value that an override may have."""
    part = _part(name)
    return part.metadata["low"], part.metadata["high"]


def parse_overrides(given: Mapping[str, str]) -> Thresholds:
    """Thresholds with some replaced, as `{"vanishing_gradient.max_ratio": "0.05"}`.

    Raises InvalidInput that names every one that cannot be.
    """
    problems = [
        Problem(pointer=f"query/{name}", detail=detail, code=code)
        for name, text in given.items()
        for code, detail in _objections(name, text)
    ]
    if problems:
        raise InvalidInput(problems=problems)
    thresholds = DEFAULT
    for name, text in given.items():
        group_name, part = name.split(".")[0], _part(name)
        group = replace(getattr(thresholds, group_name), **{part.name: _number(part, text)})
        thresholds = replace(thresholds, **{group_name: group})
    return thresholds


def _objections(name: str, text: str) -> Iterator[tuple[str, str]]:
    """Code and sentence for what is wrong with an override."""
    if name not in DEFAULTS:
        yield "unknown_threshold", f"no such threshold; there are {', '.join(DEFAULTS)}"
        return
    part = _part(name)
    value = _number(part, text)
    low, high = bounds_of(name)
    if value is None:
        kind = "a whole number" if _is_count(part) else "a finite number"
        yield "not_a_number", f"must be {kind}, not {text[:40]!r}"
    elif not low <= value <= high:
        yield "out_of_range", f"must be from {low:g} to {high:g}, not {text[:40]}"


def _part(name: str) -> Field[float]:
    group_name, part_name = name.split(".")
    group = getattr(DEFAULT, group_name)
    return next(part for part in fields(group) if part.name == part_name)


def _is_count(part: Field[float]) -> bool:
    return isinstance(part.default, int)


def _number(part: Field[float], text: str) -> float | None:
    """The text as the threshold's kind of number; None when it is not one."""
    try:
        if _is_count(part):
            return int(text)
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) else None
