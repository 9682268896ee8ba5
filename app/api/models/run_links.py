"""Links of a run: to what can be read, and to what can be done with it now."""

from typing import Annotated

from pydantic import Field

from app.api.models.view import View
from app.api.protocol.root_path import Href
from app.domain.runs import Run, RunStatus, StopReason

#: A link that is left out where what it leads to is refused.
Offered = Annotated[Href | None, Field(exclude_if=lambda link: link is None)]


class RunLinks(View):
    """What can be read of a run, and the requests that it accepts now."""

    self: Href
    """The run itself."""
    history: Href
    """Its readings over the steps."""
    gradient_flow: Href
    """How far back its gradient reaches."""
    dynamics: Href
    """What its recurrence does to states and gradients."""
    diagnosis: Href
    """Its diagnosis."""
    events: Href
    """Its log."""
    artifacts: Href
    """Its files."""
    report: Href
    """One file for people."""
    cancel: Offered = None
    """`POST` there. Absent once the run has ended."""
    resume: Offered = None
    """`POST` there. Absent until the run has ended, and where it diverged."""
    fork: Offered = None
    """`POST` there. Absent until a worker has claimed the run."""
    predict: Offered = None
    """`POST` rows there. Absent unless the run ended with weights."""


def links_of(run: Run) -> RunLinks:
    path = f"/v1/runs/{run.id}"
    has_diverged = run.stop_reason is StopReason.DIVERGED
    has_weights = run.status.has_ended and (run.best is not None or _has_final_weights(run))
    return RunLinks(
        self=path,
        history=f"{path}/history",
        gradient_flow=f"{path}/gradient-flow",
        dynamics=f"{path}/dynamics",
        diagnosis=f"{path}/diagnosis",
        events=f"{path}/events",
        artifacts=f"{path}/artifacts",
        report=f"{path}/report.html",
        cancel=None if run.status.has_ended else f"{path}/cancel",
        resume=f"{path}/resume" if run.status.has_ended and not has_diverged else None,
        fork=f"{path}/fork" if run.attempt else None,
        predict=f"{path}/predict" if has_weights else None,
    )


def _has_final_weights(run: Run) -> bool:
    return run.status is RunStatus.SUCCEEDED and run.stop_reason is not StopReason.DIVERGED
