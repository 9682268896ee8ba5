"""Reads columns of the chunks of several runs in one statement."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from app.store.database import BINARY_RESULTS
from app.store.tables import telemetry_chunks


@dataclass(frozen=True, kw_only=True)
class RunColumns:
    """Columns of one run, at the n steps that it has recorded."""

    #: (n,) ascending.
    steps_n: NDArray[np.int32]
    #: Column -> (n,).
    values: Mapping[str, NDArray[np.float32]]


def read_columns_of_runs(
    session: Session, run_ids: Collection[UUID], columns: Sequence[str]
) -> Mapping[UUID, RunColumns]:
    """Returns the columns of the runs that have recorded a step with all of them."""
    table = telemetry_chunks
    has_gaps = func.cardinality(table.c[columns[0]]) != table.c.last_step - table.c.first_step + 1
    rows = session.execute(
        select(
            *(table.c.run_id, table.c.first_step, table.c.last_step),
            # steps are in a row where some are left out, which is rare
            case((has_gaps, table.c.steps), else_=None),
            *(table.c[name] for name in columns),
        )
        .where(table.c.run_id.in_(run_ids), *(table.c[name].is_not(None) for name in columns))
        .order_by(table.c.run_id, table.c.last_step),
        execution_options=BINARY_RESULTS,
    )
    found: defaultdict[UUID, list[Sequence[Any]]] = defaultdict(list)
    for row in rows:
        found[row[0]].append(row)
    return {run_id: _joined(chunks, columns) for run_id, chunks in found.items()}


def _joined(chunks: Sequence[Sequence[Any]], columns: Sequence[str]) -> RunColumns:
    # by position, as access by name takes most of the time of a read of many chunks
    steps = [
        np.arange(first, last + 1, dtype=np.int32) if given is None else given
        for _, first, last, given, *_ in chunks
    ]
    return RunColumns(
        steps_n=np.concatenate(steps),
        values={
            name: np.concatenate([chunk[4 + place] for chunk in chunks])
            for place, name in enumerate(columns)
        },
    )
