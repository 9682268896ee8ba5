"""Views of a checked job spec and its estimated cost."""

from app.api.models.view import Derived, View
from app.domain.specs.job import JobSpec
from app.services.runs.estimate_run import CheckedSpec


class EstimateView(View):
    """The estimated cost of a run."""

    parameters: int
    """Exact; for `text` an upper bound."""
    memory_bytes: int
    """Of training, without probes."""
    seconds: Derived
    """From the claim to the end, by the speed that the workers measured at their start; within a
    factor of two for half of all runs."""
    rows: int
    """Rows of telemetry that the run will store."""


class DryRunView(View):
    """The completed spec and its estimated cost. Nothing was stored."""

    spec: JobSpec
    """The spec with all defaults."""
    estimate: EstimateView
    """What the run would cost."""
    warnings: list[str]
    """What would surprise, in sentences."""


def view_dry_run(checked: CheckedSpec) -> DryRunView:
    return DryRunView.of(checked)
