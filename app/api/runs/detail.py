"""Reads one run with what its page shows, as the API and the page answer it."""

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from types import MappingProxyType
from uuid import UUID

from app.api.models.artifacts import ArtifactView, view_artifacts
from app.api.models.diagnosis import DiagnosisView, view_diagnosis
from app.api.models.events import EventView, view_events
from app.api.models.gradient_flow import GradientFlowView, view_gradient_flow
from app.api.models.history import HistoryView, view_history
from app.api.models.run import RunView, view_run
from app.api.models.run_detail import (
    IncludedPart,
    IncludedView,
    RunDetailView,
    RunLineageView,
    view_lineage,
)
from app.api.models.sparklines import view_sparklines
from app.api.models.telemetry_query import DEFAULT_MAX_POINTS, HistoryParameters
from app.api.protocol.deps import Reader, Resources
from app.domain.access import Caller
from app.domain.errors import InvalidInput, TelemetryDropped
from app.domain.probe_selection import ProbeSelection
from app.services.artifacts.list_artifacts import list_artifacts
from app.services.diagnosis.read_diagnosis import read_diagnosis
from app.services.diagnosis.read_summaries import read_summaries
from app.services.runs.get_run import get_run
from app.services.runs.read_lineage import read_lineage
from app.services.telemetry.read_events import read_last_events
from app.services.telemetry.read_gradient_flow import read_gradient_flow
from app.services.telemetry.read_history import read_history

#: Events that are included: the latest.
MAX_EVENTS = 50


class RunSources:
    """Reads the parts of one run of the caller's workspace."""

    def __init__(self, *, read: Reader, caller: Caller, run_id: UUID) -> None:
        self._read, self._own, self._run_id = read, caller.workspace_id, run_id

    def detail(self, resources: Resources, parts: Collection[IncludedPart]) -> RunDetailView:
        """Returns the run with those parts. Raises NotFound."""
        own, run_id = self._own, self._run_id
        found = self._read(lambda work: get_run(work, workspace_id=own, run_id=run_id))
        view = view_run(found.run, waiting_for=found.waiting_for, score_details=found.score_details)
        if "sparklines" in parts:
            [sparklines] = resources.sparklines.of(self._read.engine, [found.run])
            view = view.model_copy(update={"sparklines": view_sparklines(sparklines.curves)})
        if "verdict" in parts:
            view = self._worded(view)
        included = {part: _PARTS[part](self) for part in _PARTS if part in parts}
        return RunDetailView.of(
            view, included=IncludedView.model_validate(included) if included else None
        )

    def diagnosis(self) -> DiagnosisView | None:
        """None where the readings were deleted before anything was judged."""
        with suppress(TelemetryDropped):
            found = read_diagnosis(
                self._read.engine, workspace_id=self._own, run_id=self._run_id, overrides={}
            )
            return view_diagnosis(self._run_id, found, parent_id=self._run_id)
        return None

    def _worded(self, view: RunView) -> RunView:
        summaries = self._read(lambda work: read_summaries(work, [self._run_id]))
        worded = view.diagnosis.model_copy(update={"summary": summaries.get(self._run_id)})
        return view.model_copy(update={"diagnosis": worded})

    def lineage(self) -> RunLineageView:
        own, run_id = self._own, self._run_id
        return view_lineage(
            self._read(lambda work: read_lineage(work, workspace_id=own, run_id=run_id))
        )

    def events(self) -> list[EventView]:
        own, run_id = self._own, self._run_id
        return view_events(
            self._read(
                lambda work: read_last_events(
                    work, workspace_id=own, run_id=run_id, most=MAX_EVENTS
                )
            )
        )

    def artifacts(self) -> list[ArtifactView]:
        own, run_id = self._own, self._run_id
        found = self._read(lambda work: list_artifacts(work, workspace_id=own, run_id=run_id))
        return view_artifacts(run_id, found).items

    def history(self) -> HistoryView | None:
        """None where nothing was measured yet."""
        own, run_id = self._own, self._run_id
        query = HistoryParameters.model_validate({}).selection()
        with suppress(InvalidInput):
            found = self._read(
                lambda work: read_history(
                    work,
                    workspace_id=own,
                    run_id=run_id,
                    query=query,
                    max_points=DEFAULT_MAX_POINTS,
                )
            )
            return view_history(found, max_points=DEFAULT_MAX_POINTS, x="step")
        return None

    def gradient_flow(self) -> GradientFlowView:
        own, run_id = self._own, self._run_id
        selection = ProbeSelection()
        return view_gradient_flow(
            self._read(
                lambda work: read_gradient_flow(
                    work, workspace_id=own, run_id=run_id, selection=selection
                )
            )
        )


_PARTS: Mapping[IncludedPart, Callable[[RunSources], object]] = MappingProxyType(
    {
        "diagnosis": RunSources.diagnosis,
        "lineage": RunSources.lineage,
        "events": RunSources.events,
        "artifacts": RunSources.artifacts,
        "history": RunSources.history,
        "gradient_flow": RunSources.gradient_flow,
    }
)
