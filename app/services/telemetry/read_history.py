"""Read a run's readings as series: any quantity in any scope, over a range of steps."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

import numpy as np

from app.domain.runs import Run
from app.domain.windows.excerpt import Excerpt, excerpt_of, is_read_by_windows
from app.services.telemetry.long_series import read_long_series
from app.services.telemetry.plan_history import HistoryQuery, is_of_every_step, plan_history
from app.services.telemetry.read_clock import Clock, read_clock
from app.services.telemetry.whole_series import read_whole_series
from app.store.database import UnitOfWork

XAxis = Literal["step", "elapsed_s", "time"]


@dataclass(frozen=True, kw_only=True)
class History:
    """Excerpts of series, and the times of their steps."""

    run: Run
    excerpts: tuple[Excerpt, ...]
    #: None where the axis needs none.
    clock: Clock | None


def read_history(
    work: UnitOfWork,
    *,
    workspace_id: UUID,
    run_id: UUID,
    query: HistoryQuery,
    max_points: int,
    x: XAxis = "step",
) -> History:
    """Returns about `max_points` points of each series.

    Points of a long range are chosen among the extrema of windows, so that time and memory do not
    grow with the range. Raises NotFound, and InvalidInput that lists the available quantities or
    scopes.
    """
    session = work.session
    plan = plan_history(work, workspace_id=workspace_id, run_id=run_id, query=query)
    of_every_step = [name for name in plan.names if is_of_every_step(name)]
    is_long = is_read_by_windows(
        plan.num_steps, max_points=max_points, num_series=len(of_every_step)
    )
    long = of_every_step if is_long else []
    whole = [name for name in plan.names if name not in long]
    found = {
        **dict(
            zip(long, read_long_series(session, plan, long, max_points=max_points), strict=True)
        ),
        **{
            name: excerpt_of(series, max_points=max_points)
            for name, series in zip(whole, read_whole_series(session, plan, whole), strict=True)
        },
    }
    excerpts = tuple(found[name] for name in plan.names)
    clock = None
    if x == "elapsed_s" or (x == "time" and of_every_step):
        steps_p = np.concatenate([one.steps_p for one in excerpts])
        clock = read_clock(session, plan, steps_p=np.unique(steps_p) if is_long else None)
    return History(run=plan.run, excerpts=excerpts, clock=clock)
