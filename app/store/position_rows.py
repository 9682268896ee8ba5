"""Converts position profiles to rows of `position_readings` and back."""

from collections.abc import Collection, Mapping
from uuid import UUID

import numpy as np
from sqlalchemy import RowMapping, select
from sqlalchemy.orm import Session

from app.domain.scopes import Scope
from app.domain.telemetry import PositionProfile
from app.store.database import BINARY_RESULTS
from app.store.tables import position_readings

_COPIED_FIELDS = ("step", "layer", "direction")
_CURVES = ("log_hidden", "log_immediate", "log_cell")


def read_positions(
    session: Session, run_id: UUID, *, steps: Collection[int]
) -> tuple[PositionProfile, ...]:
    """Returns the profiles of these steps, by step and then in the order of sending."""
    table = position_readings
    statement = (
        select(table)
        .where(table.c.run_id == run_id, table.c.step.in_(steps))
        .order_by(table.c.step, table.c.seq, table.c.position)
    )
    rows = session.execute(statement, execution_options=BINARY_RESULTS).mappings()
    return tuple(map(_profile_of, rows))


def position_row_of(profile: PositionProfile) -> Mapping[str, object]:
    curves = {name: getattr(profile, f"{name}_T") for name in _CURVES}
    return {
        **{name: getattr(profile, name) for name in _COPIED_FIELDS},
        "scope": str(profile.scope),
        **{
            name: None if curve is None else np.asarray(curve, dtype=np.float64)
            for name, curve in curves.items()
        },
        "num_sequences": np.asarray(profile.num_sequences_T, dtype=np.int32),
    }


def _profile_of(row: RowMapping) -> PositionProfile:
    return PositionProfile(
        **{name: row[name] for name in _COPIED_FIELDS},
        scope=Scope.parse(row["scope"]),
        **{f"{name}_T": row[name] for name in _CURVES},
        num_sequences_T=row["num_sequences"],
    )
