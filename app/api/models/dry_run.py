"""What a run would cost, as clients see it."""

from app.api.models.view import View
from app.domain.specs.job import JobSpec
from app.services.runs.estimate_run import CheckedSpec


class EstimateView(View):
    """Parameters are exact, for `text` an upper bound; memory is that of training alone."""

    parameters: int
    memory_bytes: int
    seconds: float
    """On one core of an ordinary CPU; good to a factor of three."""
    rows: int
    """Rows of telemetry that the run will leave."""


class DryRunView(View):
    """The completed spec and its cost; nothing was stored."""

    spec: JobSpec
    estimate: EstimateView
    warnings: list[str]


def view_dry_run(checked: CheckedSpec) -> DryRunView:
    return DryRunView.of(checked)
