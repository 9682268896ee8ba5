"""GET /v1/runs/{id}/plots/{chart}.{form}: pictures for a chat, a wiki or a paper."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from app.api.models.panels import flow_panel, loss_panel, norm_panel, plain_panel
from app.api.models.request import RequestModel
from app.api.protocol.conditional import NOT_MODIFIED, picture_by_version
from app.api.protocol.deps import ProcessResources, Read, RunsReader
from app.api.protocol.documented import ALWAYS, documented
from app.domain.access import Caller
from app.domain.diagnosis.engine import RULES_VERSION
from app.domain.diagnosis.findings import Diagnosis
from app.domain.errors import InvalidInput, TelemetryDropped
from app.domain.probe_selection import ProbeSelection
from app.domain.quantities import SCALARS
from app.domain.runs import Run
from app.domain.windows.excerpt import Excerpt
from app.pictures.content import Form, Panel, Picture, Theme
from app.pictures.studio import Studio
from app.services.diagnosis.read_diagnosis import read_diagnosis
from app.services.runs.get_run import get_run
from app.services.runs.read_versions import read_versions
from app.services.telemetry.plan_history import HistoryQuery
from app.services.telemetry.read_heat_map import read_flow_map
from app.services.telemetry.read_history import read_history
from app.store.heat_maps import FlowScope

router = APIRouter(prefix="/v1/runs", tags=["pictures"])

Chart = Literal["overview", "gradient-flow", "loss", "norms", "gates", "spectrum"]
MEDIA_TYPES: dict[Form, str] = {"svg": "image/svg+xml", "png": "image/png"}
#: A picture that is opened by itself has its styles, and runs and loads nothing.
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
#: Points of a curve: the extrema of every three pixels. More would read more steps one by one.
MAX_POINTS = 1600
#: Probes and lags of a heat map at most; beyond, evenly spaced ones are shown.
MAX_PROBES, MAX_LAGS = 500, 800
_FILE = {"schema": {"type": "string", "format": "binary"}}


class PlotParameters(RequestModel):
    """The size and colours of a picture."""

    width: Annotated[int, Field(ge=240, le=2400)] = 900
    """In CSS pixels. A PNG has twice as many."""
    theme: Theme = "light"
    """Colours for a light or a dark page."""


@router.get(
    "/{run_id}/plots/{chart}.{form}",
    operation_id="draw_plot",
    summary="Draw a picture of a run",
    response_description="The picture.",
    response_class=Response,
    responses={
        200: {"content": dict.fromkeys(MEDIA_TYPES.values(), _FILE)},
        **NOT_MODIFIED,
        **ALWAYS,
        **documented(404),
    },
)
def get_plot(
    request: Request,
    run_id: UUID,
    chart: Chart,
    form: Form,
    query: Annotated[PlotParameters, Query()],
    caller: RunsReader,
    read: Read,
    resources: ProcessResources,
) -> Response:
    """Curves keep the extrema of every bucket of steps, so that a spike of one step is seen.

    `overview` has the gradient flow, the loss and the gradient norm below each other. The axes of
    an SVG are vectors, its texts are texts. What is not finite is marked at the top of a panel.
    """
    versions = read(
        lambda work: read_versions(work, workspace_id=caller.workspace_id, run_id=run_id)
    )
    sources = PictureSources(read=read, caller=caller, run_id=run_id, versions=versions)
    response = picture_by_version(
        request,
        (RULES_VERSION, *versions),
        lambda: sources.draw(resources.studio, chart, form=form, query=query),
        media_type=MEDIA_TYPES[form],
    )
    response.headers["Content-Security-Policy"] = POLICY
    return response


class PictureSources:
    """Reads what pictures of one run show. `versions` are those of its readings."""

    def __init__(
        self, *, read: Read, caller: Caller, run_id: UUID, versions: Sequence[str]
    ) -> None:
        self._read, self._caller, self._run_id = read, caller, run_id
        self._versions = versions

    def draw(self, studio: Studio, chart: Chart, *, form: Form, query: PlotParameters) -> bytes:
        """Returns a picture as a file; one that the studio has kept is not drawn again.

        Raises Overloaded where too many wait, and Unavailable where it takes too long.
        """
        names = (self._run_id, chart, form, query, RULES_VERSION, *self._versions)
        key = " ".join(map(str, names))
        return studio.picture(key, lambda: _picture(self, chart, form=form, query=query))

    def run(self) -> Run:
        own = self._caller.workspace_id
        return self._read(lambda work: get_run(work, workspace_id=own, run_id=self._run_id)).run

    def series(self, quantities: Sequence[str]) -> list[Excerpt]:
        """Returns the series of those quantities that the run has measured."""
        of_every_step = [one for one in quantities if one in SCALARS]
        found = list(self._history(of_every_step))
        for quantity in quantities:
            with suppress(InvalidInput):
                if quantity not in of_every_step:
                    found += self._history([quantity])
        return [one for one in found if one.count]

    def diagnosis(self) -> Diagnosis | None:
        with suppress(TelemetryDropped):
            return read_diagnosis(
                self._read.engine,
                workspace_id=self._caller.workspace_id,
                run_id=self._run_id,
                overrides={},
            )
        return None

    def flow(self, run: Run) -> Panel | None:
        own = self._caller.workspace_id
        found = self._read(
            lambda work: read_flow_map(
                work,
                workspace_id=own,
                run_id=self._run_id,
                shown=FlowScope(scope="model", path="total"),
                selection=ProbeSelection(max_probes=MAX_PROBES),
                max_lags=MAX_LAGS,
            )
        )
        return flow_panel(run, found.heat_map)

    def _history(self, quantities: Sequence[str]) -> tuple[Excerpt, ...]:
        query = HistoryQuery(quantities=quantities)
        own = self._caller.workspace_id
        return self._read(
            lambda work: read_history(
                work,
                workspace_id=own,
                run_id=self._run_id,
                query=query,
                max_points=MAX_POINTS,
            )
        ).excerpts


def _picture(
    sources: PictureSources, chart: Chart, *, form: Form, query: PlotParameters
) -> Picture:
    run = sources.run()
    panels = tuple(panel for panel in _panels(sources, run, chart) if panel is not None)
    name = run.name or f"{run.spec.model.kind} on {run.spec.dataset.kind}"
    return Picture(title=name, panels=panels, form=form, width=query.width, theme=query.theme)


def _panels(sources: PictureSources, run: Run, chart: Chart) -> Iterator[Panel | None]:
    metric = run.task.metric if run.task else "loss"
    if chart in {"overview", "gradient-flow"}:
        yield sources.flow(run)
    if chart in {"overview", "loss"}:
        quantities = ("loss",) if metric == "loss" else ("loss", metric)
        yield loss_panel(run, sources.series(quantities), sources.diagnosis())
    if chart in {"overview", "norms"}:
        yield norm_panel(sources.series(("grad_norm", "clip_coefficient")), sources.diagnosis())
    if chart == "gates":
        yield plain_panel("Means of gates", sources.series(("gate_mean",)))
        units = ("saturated_fraction", "dead_fraction")
        yield plain_panel("Shares of saturated and dead units", sources.series(units))
    if chart == "spectrum":
        yield plain_panel(
            "Spectral radius and largest singular value",
            sources.series(("spectral_radius", "sigma_max")),
        )
        exponents = tuple(f"lyapunov_{i}" for i in range(1, 5))
        yield plain_panel("Lyapunov exponents, nats per timestep", sources.series(exponents))
