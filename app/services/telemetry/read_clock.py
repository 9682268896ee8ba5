"""Read when steps were trained: the second axes of a history.

Legend: n steps whose times are known.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.domain.telemetry import ELAPSED
from app.services.telemetry.plan_history import HistoryPart, HistoryPlan
from app.store.history import StoredColumn, read_columns


@dataclass(frozen=True, kw_only=True)
class Clock:
    """The times of some steps."""

    #: (n,) ascending.
    steps_n: NDArray[np.int32]
    #: (n,) seconds of training; those of an ancestor are added to its descendants'.
    elapsed_n: NDArray[np.float32]
    #: (n,) microseconds since 1970 UTC at which they were trained.
    recorded_at_n: NDArray[np.int64]

    def elapsed_at(self, steps_p: NDArray[np.int32]) -> NDArray[np.float32] | None:
        """(p,) seconds of training, interpolated where a step has no time; None without any."""
        if not self.steps_n.size:
            return None
        return np.interp(steps_p, self.steps_n, self.elapsed_n).astype(np.float32)

    def recorded_at(self, steps_p: NDArray[np.int32]) -> NDArray[np.int64]:
        """(p,) times of training of steps that are all known."""
        return self.recorded_at_n[np.searchsorted(self.steps_n, steps_p)]


def read_clock(session: Session, plan: HistoryPlan, *, steps_p: NDArray[np.int32] | None) -> Clock:
    """Returns the times of all steps of a history or, if given, at least of these."""
    found: list[StoredColumn] = []
    elapsed: list[NDArray[np.float32]] = []
    for part in plan.parts:
        column = _column(session, part, steps_p)
        before = elapsed[-1][-1] if elapsed and elapsed[-1].size else np.float32(0)
        found.append(column)
        elapsed.append(column.values + before)
    return Clock(
        steps_n=np.concatenate([column.steps_n for column in found]),
        elapsed_n=np.concatenate(elapsed),
        recorded_at_n=np.concatenate([column.recorded_at_n for column in found]),
    )


def _column(session: Session, part: HistoryPart, steps_p: NDArray[np.int32] | None) -> StoredColumn:
    at_steps = None
    if steps_p is not None and part.recorded is not None:
        first, last = part.recorded
        is_inside_p = (steps_p >= first) & (steps_p <= last)
        # the last step, because the seconds of the next part are added to its
        at_steps = np.unique([*steps_p[is_inside_p].tolist(), last]).tolist()
    columns = read_columns(
        session,
        part.run.id,
        columns=(ELAPSED,),
        from_step=part.from_step,
        to_step=part.to_step,
        at_steps=at_steps,
        with_times=True,
    )
    return columns[ELAPSED]
