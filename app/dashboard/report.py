"""GET /v1/runs/{id}/report.html: what is known of a run, as one file for a mail or an archive."""

from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api.protocol.conditional import NOT_MODIFIED, picture_by_version
from app.api.protocol.deps import ProcessResources, Read, RunsReader
from app.api.protocol.documented import ALWAYS, documented
from app.api.runs.detail import RunSources
from app.api.telemetry.plots import PictureSources, PlotParameters
from app.dashboard.pages import fill
from app.dashboard.run_page import (
    advised_remedies,
    read_run_view,
    title_of,
)
from app.domain.diagnosis.engine import RULES_VERSION
from app.services.runs.read_versions import read_versions

router = APIRouter(prefix="/v1/runs", tags=["pictures"])

#: The report loads nothing and runs no script. Its only styles are inline, since it is one file.
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@router.get(
    "/{run_id}/report.html",
    summary="Write a report of a run",
    response_description="The report as one HTML file.",
    response_class=Response,
    responses={
        200: {"content": {"text/html": {"schema": {"type": "string"}}}},
        **NOT_MODIFIED,
        **ALWAYS,
        **documented(404),
    },
)
def get_report(
    request: Request, run_id: UUID, caller: RunsReader, read: Read, resources: ProcessResources
) -> Response:
    """One file that stands alone: it has no script and loads nothing.

    It holds the verdict, the findings with their evidence, causes, remedies, scores, a picture and
    the job spec.
    """
    versions = read(
        lambda work: read_versions(work, workspace_id=caller.workspace_id, run_id=run_id)
    )

    def compute() -> bytes:
        sources = PictureSources(read=read, caller=caller, run_id=run_id, versions=versions)
        picture = sources.draw(resources.studio, "overview", form="svg", query=PlotParameters())
        run = read_run_view(read, caller, run_id)
        diagnosis = RunSources(read=read, caller=caller, run_id=run_id).diagnosis()
        return fill(
            "report.html",
            run=run,
            title=title_of(run),
            diagnosis=diagnosis,
            advised=advised_remedies(diagnosis) if diagnosis else [],
            picture=_element(picture.decode()),
        ).encode()

    response = picture_by_version(
        request, (RULES_VERSION, *versions), compute, media_type="text/html"
    )
    response.headers["Content-Security-Policy"] = POLICY
    return response


def _element(file: str) -> str:
    """Returns the element of an SVG file, without the declarations and metadata of the file."""
    element = file[file.index("<svg") :]
    before, _, rest = element.partition("<metadata>")
    return before + rest.partition("</metadata>")[2] if rest else element
