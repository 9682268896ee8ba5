"""The page of one run: its verdict and story, the gradient flow, curves, spec and log."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import Response

from app.api.models.diagnosis import DiagnosisView, ExperimentView, RemedyView
from app.api.models.run import RunView, view_run
from app.api.models.run_detail import RelatedRunView
from app.api.models.trial import TrialView, view_trial
from app.api.protocol.deps import Read, RunsReader
from app.api.protocol.root_path import at
from app.api.runs.detail import RunSources
from app.dashboard.pages import SharedPageRoute, render
from app.domain.access import Caller
from app.domain.artifacts import ArtifactKind
from app.domain.comparison import SpecDifference, spec_differences
from app.domain.diagnosis.experiments.plans import carries_out
from app.domain.errors import NotFound
from app.domain.specs.job import JobSpec
from app.domain.specs.lineage import RunPurpose
from app.domain.specs.patch import as_document
from app.services.runs.estimate_seconds import estimate_seconds
from app.services.runs.get_run import get_run
from app.services.runs.read_lineage import read_lineage
from app.services.trials.read_trial import list_trials

router = APIRouter(include_in_schema=False, route_class=SharedPageRoute)


#: Remedies that the page shows.
MAX_REMEDIES = 4


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """How the spec differs from another one."""

    #: `the defaults`, or the name of the run that it came from.
    base: str
    #: Address of that run; None for the defaults.
    href: str | None
    differences: Sequence[SpecDifference]


@router.get("/runs/{run_id}")
def get_run_page(request: Request, run_id: UUID, caller: RunsReader, read: Read) -> Response:
    """`GET /v1/runs/{run_id}` is its JSON twin; charts read the telemetry of the run."""
    sources = RunSources(read=read, caller=caller, run_id=run_id)
    # first: whatever they tell is in the rest of the page, which follows the run from them on
    events = sources.events()
    run = read_run_view(read, caller, run_id)
    diagnosis = sources.diagnosis()
    advised = advised_remedies(diagnosis) if diagnosis else []
    files = sources.artifacts()
    return render(
        request,
        "run.html",
        twin=f"/v1/runs/{run_id}?include=diagnosis,lineage,events,artifacts,history,gradient_flow",
        run=run,
        title=title_of(run),
        diagnosis=diagnosis,
        advised=advised,
        experiment_runs=_experiment_runs(read, caller, run, diagnosis) if diagnosis else {},
        trial=read_latest_trial(read, caller, run_id),
        costs=_costs(read, caller, advised),
        files=files,
        has_examples=any(file.kind is ArtifactKind.GOLDEN for file in files),
        events=events,
        last_event=events[-1].number if events else 0,
        lineage=sources.lineage(),
        compared=_compare(read, caller, run),
        is_over=run.ended_at is not None,
    )


def title_of(run: RunView) -> str:
    """Returns the name of the run, or what it trains where it has none."""
    return run.name or f"{run.spec.model.kind} on {run.spec.dataset.kind}"


def read_run_view(read: Read, caller: Caller, run_id: UUID) -> RunView:
    """Returns the run with its score details. Raises NotFound."""
    found = read(lambda work: get_run(work, workspace_id=caller.workspace_id, run_id=run_id))
    return view_run(found.run, waiting_for=found.waiting_for, score_details=found.score_details)


def advised_remedies(diagnosis: DiagnosisView) -> list[RemedyView]:
    """Returns the remedies of all findings in their order, each kind once."""
    found: dict[str, RemedyView] = {}
    for finding in diagnosis.findings:
        for remedy in finding.remedies:
            found.setdefault(remedy.kind, remedy)
    return list(found.values())[:MAX_REMEDIES]


def read_latest_trial(read: Read, caller: Caller, run_id: UUID) -> TrialView | None:
    """Returns the newest trial of the run; None without one."""
    found = read(
        lambda work: list_trials(
            work, workspace_id=caller.workspace_id, run_id=run_id, limit=1, after=None
        )
    )
    return view_trial(found.items[0]) if found.items else None


def _experiment_runs(
    read: Read, caller: Caller, run: RunView, diagnosis: DiagnosisView
) -> dict[str, RelatedRunView]:
    """Returns, by the cause that is tested, the newest run of each experiment that is offered."""
    offered = {
        one.cause: planned
        for cause in diagnosis.causes
        for one in cause.experiments
        if (planned := _spec_of(one)) is not None
    }
    if not offered:
        return {}
    found = read(lambda work: read_lineage(work, workspace_id=caller.workspace_id, run_id=run.id))
    made = [one for one in found.children if one.purpose is RunPurpose.EXPERIMENT]
    return {
        cause: RelatedRunView.of(one)
        for cause, planned in offered.items()
        for one in reversed(made)
        if carries_out(one.spec, planned=planned, parent=run.spec)
    }


def _costs(read: Read, caller: Caller, advised: Sequence[RemedyView]) -> list[float | None]:
    """Returns the seconds that a run with each remedy takes; None where that is not known."""
    specs = [_spec_of(remedy) for remedy in advised]
    own = caller.workspace_id
    return read(lambda work: estimate_seconds(work, workspace_id=own, specs=specs))


def _spec_of(offered: RemedyView | ExperimentView) -> JobSpec | None:
    """Returns None for a spec of an earlier release that is not valid any more."""
    try:
        return JobSpec.model_validate(offered.request.body)
    except ValidationError:
        return None


def _compare(read: Read, caller: Caller, run: RunView) -> Comparison:
    """Compares with the run that this one continues; without one, with the defaults."""
    if run.parent is not None:
        try:
            parent = read_run_view(read, caller, run.parent.run_id)
        except NotFound:
            pass
        else:
            return Comparison(
                base=title_of(parent),
                href=at(f"/runs/{parent.id}"),
                differences=spec_differences(parent.spec, run.spec),
            )
    return Comparison(
        base="the defaults",
        href=None,
        differences=tuple(_from_defaults(run.spec)),
    )


def _from_defaults(spec: JobSpec) -> Iterator[SpecDifference]:
    document = as_document(spec)
    plain = {
        "model": {"kind": spec.model.kind},
        "dataset": document["dataset"],
    }
    yield from spec_differences(JobSpec.model_validate(plain), spec)
