"""The page that shows several runs on one axis."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.api.models.compared_runs import CompareParameters, CompareView, SeedArmView, view_compared
from app.api.models.run import RunView
from app.api.protocol.deps import Read, RunsReader
from app.dashboard.pages import PageRoute, render
from app.services.runs.compare_runs import Comparison, compare_runs

router = APIRouter(include_in_schema=False, route_class=PageRoute)


class ComparePageQuery(CompareParameters):
    """The address of the page."""

    seeds: Literal["band", "curves"] = "band"
    """How runs are drawn that differ in their seed alone."""


@router.get("/compare")
def get_compare_page(
    request: Request,
    query: Annotated[ComparePageQuery, Query()],
    caller: RunsReader,
    read: Read,
) -> Response:
    """`GET /v1/compare` is its JSON twin, from which it draws its charts."""
    run_ids = list(dict.fromkeys(query.run_id))
    compared = read(
        lambda work: compare_runs(
            work,
            workspace_id=caller.workspace_id,
            run_ids=run_ids,
            comparison=Comparison(max_points=query.max_points),
        )
    )
    view = view_compared(compared, max_points=query.max_points)
    twin = f"/v1/compare?{_query_of(view)}"
    return render(
        request,
        "compare.html",
        twin=twin,
        source=twin,
        compared=view,
        labels=labels_of(view),
        seeds=query.seeds,
    )


def _query_of(view: CompareView) -> str:
    """The query of everything that the page shows."""
    metrics = [run.task.metric for run in view.runs if run.task is not None]
    quantities = dict.fromkeys(["loss", "grad_norm", *metrics])
    return urlencode(
        [
            *(("run_id", run.id) for run in view.runs),
            *(("quantity", one) for one in quantities),
            ("include", "gradient_flows"),
        ]
    )


def labels_of(view: CompareView) -> Mapping[str, str]:
    """Returns run -> a name that no other run has: with the seed, and a number where it needs one.

    `arm of <run>` is the same without the seed: the name of the arm, from its first run.
    """
    seed_of = {
        run_id: seed
        for arm in view.arms
        if len(arm.run_ids) > 1
        for run_id, seed in zip(arm.run_ids, arm.seeds, strict=True)
    }
    arms = _told_apart([_name_of_arm(view, arm) for arm in view.arms])
    names = {
        run_id: name for arm, name in zip(view.arms, arms, strict=True) for run_id in arm.run_ids
    }
    return {
        str(run.id): names[run.id] + (f", seed {seed_of[run.id]}" if run.id in seed_of else "")
        for run in view.runs
    } | {f"arm of {run_id}": name for run_id, name in names.items()}


def _name_of_arm(view: CompareView, arm: SeedArmView) -> str:
    """The name of its first run, without the seed that runs of a trial have in theirs."""
    name = _name_of(next(run for run in view.runs if run.id == arm.run_ids[0]))
    return name.removesuffix(f", seed {arm.seeds[0]}") if len(arm.run_ids) > 1 else name


def _name_of(run: RunView) -> str:
    return run.name or f"{run.spec.model.kind} on {run.spec.dataset.kind}"


def _told_apart(names: Sequence[str]) -> list[str]:
    """Numbers the names of which there are several."""
    count, seen = Counter(names), Counter[str]()
    found: list[str] = []
    for name in names:
        seen[name] += 1
        found.append(f"{name} ({seen[name]})" if count[name] > 1 else name)
    return found
