"""The body and the views of a comparison of preflights."""

from typing import Annotated

from pydantic import Field, JsonValue

from app.api.models.preflight import PreflightView, comparison_path, view_preflight
from app.api.models.request import Patch, RequestModel
from app.api.models.view import Derived, View
from app.api.protocol.root_path import Href
from app.domain.comparison import MAX_PATCHES
from app.domain.specs.base import AtMost
from app.domain.specs.job import JobSpec
from app.services.preflights.read_comparison import Arm, Comparison


class ComparisonBody(RequestModel):
    """A job spec and patches of it, each of which makes one more arm."""

    spec: JobSpec
    """The base; it is tried without a patch too."""
    patches: Annotated[list[Patch], Field(min_length=1), AtMost(most=MAX_PATCHES)]
    """Merge patches of the spec (RFC 7396). A patch that changes a `kind` replaces that object."""


class SpecDifferenceView(View):
    """A field of the job spec that an arm changes."""

    pointer: str
    """The place in the spec, as a JSON pointer."""
    base: JsonValue
    """The value in the base; null where it has none."""
    arm: JsonValue
    """The value in the arm; null where it has none."""


class FigureView(View):
    """One number at the last probe of an arm, compared with the base."""

    quantity: str
    """`gradient_horizon` and `gradient_ratio_at_required_lag` of the model; `lyapunov_1` and the
    parts of the sum rule of each layer, which add up to `sum_rule.total`. `/v1/catalog` defines
    them."""
    scope: str
    """`model`, `layer:0`, `gate:0/forget`."""
    unit: str
    """Of `value`, `base` and `difference`; `1` where they have no unit."""
    value: Derived | None
    """Null where it is infinite."""
    base: Derived | None
    """The number of the base; null where it has none or it is infinite."""
    difference: Derived | None
    """`value` − `base`."""
    factor: Derived | None
    """`value` / `base`, for the horizon and the ratio only."""


class ArmView(View):
    """The base or one patch of it, with what a preflight found."""

    spec_differences: list[SpecDifferenceView]
    """Every value that differs from the base, including defaults; empty for the base itself."""
    preflight: PreflightView
    """The same as the answer to `POST /v1/preflight`."""
    figures: list[FigureView]
    """Measurements compared with the base; empty until the arm has succeeded."""


class ComparisonLinks(View):
    """Where to go from a comparison."""

    self: Href
    """`DELETE` cancels it."""


class ComparisonView(View):
    """Preflights compared with each other. The first arm is the unpatched spec."""

    is_done: bool
    """True: every arm has ended."""
    arms: list[ArmView]
    """The base, then one arm per patch, in their order."""
    ranked_by: str | None
    """`gradient_ratio_at_required_lag` where every arm that succeeded has one: nearer to 1 is
    better, from below and from above. Otherwise `gradient_horizon`."""
    ranking: list[int]
    """Indexes of `arms`, the best first. It leaves out arms that failed, and arms whose measurement
    failed its checks."""
    links: ComparisonLinks
    """Where to go from here."""


def view_comparison(comparison: Comparison) -> ComparisonView:
    ids = [arm.preflight.run.id for arm in comparison.arms]
    return ComparisonView.of(
        comparison,
        is_done=comparison.has_ended,
        arms=list(map(_view_arm, comparison.arms)),
        links=ComparisonLinks(self=comparison_path(ids)),
    )


def _view_arm(arm: Arm) -> ArmView:
    return ArmView.of(
        arm, spec_differences=arm.differences, preflight=view_preflight(arm.preflight)
    )
