"""Preflights side by side as clients ask for them and see them."""

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from app.api.models.preflight import PreflightView, view_preflight
from app.api.models.view import View
from app.domain.comparison import MAX_PATCHES
from app.domain.specs.job import JobSpec
from app.services.preflights.read_comparison import Arm, Comparison


class ComparisonBody(BaseModel):
    """A job spec, and what is to be different in each of the others."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    spec: JobSpec
    """The base: it is tried unpatched."""
    patches: list[dict[str, JsonValue]] = Field(min_length=1, max_length=MAX_PATCHES)
    """Merge patches of the spec (RFC 7396); one that changes a `kind` replaces that object."""


class SpecDifferenceView(View):
    pointer: str
    """Where in the spec."""
    base: JsonValue
    """Null where there is nothing."""
    arm: JsonValue
    """Null where there is nothing."""


class FigureView(View):
    """One number at the last probe of an arm, beside that of the base."""

    quantity: str
    """`gradient_horizon` and `gradient_ratio_at_required_lag` of the model; of each layer
    `lyapunov_1` and `sum_rule.total`, which its other parts add up to; `/v1/catalog` defines
    them."""
    scope: str
    """`model`, `layer:0`, `gate:0/forget`."""
    unit: str
    """Of `value`, `base` and `difference`; `1` for none."""
    value: float | None
    """Null for infinite."""
    base: float | None
    """Null where the base has no such number, or an infinite one."""
    difference: float | None
    """`value` less `base`."""
    factor: float | None
    """`value` / `base`, of the horizon and the ratio alone."""


class ArmView(View):
    spec_differences: list[SpecDifferenceView]
    """From the base, value by value with defaults; empty for the base itself."""
    preflight: PreflightView
    """As `POST /v1/preflight` answers."""
    figures: list[FigureView]
    """What the difference changes; empty until the arm has succeeded."""


class ComparisonLinks(View):
    self: str


class ComparisonView(View):
    """Preflights side by side; the first arm is the unpatched spec."""

    is_done: bool
    """Every arm has ended."""
    arms: list[ArmView]
    """The base, then one a patch, in their order."""
    ranked_by: str | None
    """`gradient_ratio_at_required_lag`, the nearer to 1 the better, vanished and exploded alike,
    where every arm that succeeded has one; else `gradient_horizon`."""
    ranking: list[int]
    """Indexes of `arms`, the best first; those that failed, or whose measurement failed its own
    checks, are left out."""
    links: ComparisonLinks


def view_comparison(comparison: Comparison) -> ComparisonView:
    ids = "&".join(f"preflight_id={arm.preflight.run.id}" for arm in comparison.arms)
    return ComparisonView.of(
        comparison,
        is_done=comparison.has_ended,
        arms=list(map(_view_arm, comparison.arms)),
        links=ComparisonLinks(self=f"/v1/preflight/compare?{ids}"),
    )


def _view_arm(arm: Arm) -> ArmView:
    return ArmView.of(
        arm, spec_differences=arm.differences, preflight=view_preflight(arm.preflight)
    )
