"""Converts lag profiles to rows of `probe_readings` and back."""

from collections.abc import Collection, Mapping
from typing import TypeVar
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import RowMapping, select
from sqlalchemy.orm import Session

from app.domain.scopes import Scope
from app.domain.telemetry import Horizon, LagProfile, LagRatio
from app.store.database import BINARY_RESULTS
from app.store.step_ranges import steps_between
from app.store.tables import probe_readings

Number = TypeVar("Number", int, float)

_COPIED_FIELDS = (
    "step",
    "layer",
    "direction",
    "path",
    "underflowed",
    "cotangent",
    "shape",
    "decay_rate",
    "entry_ratio",
)
#: Columns of one double for each lag, named like the fields; only the first is never null.
_PROFILES = ("log_norm", "log_norm_hidden", "log_norm_cell", "log_norm_scaled", "log_norm_median")


def read_profiles(
    session: Session,
    run_id: UUID,
    *,
    from_step: int | None = None,
    to_step: int | None = None,
    steps: Collection[int] | None = None,
) -> tuple[LagProfile, ...]:
    """Returns the lag profiles, by step and then in the order in which they were sent.

    `steps`, where given, restricts the result to these steps.
    """
    table = probe_readings
    statement = (
        select(table)
        .where(table.c.run_id == run_id, *steps_between(table.c.step, from_step, to_step))
        .order_by(table.c.step, table.c.seq, table.c.position)
    )
    if steps is not None:
        statement = statement.where(table.c.step.in_(steps))
    rows = session.execute(statement, execution_options=BINARY_RESULTS).mappings()
    return tuple(profile_of(row) for row in rows)


def read_judged_profiles(
    session: Session, run_id: UUID, *, steps: Collection[int] | None
) -> tuple[LagProfile, ...]:
    """Returns the profiles of the whole model through every path, without the optional curves.

    `steps`, where given, restricts the result to these steps.
    """
    table = probe_readings
    left_out = {table.c[name] for name in _PROFILES[1:]}
    statement = (
        select(*(column for column in table.c if column not in left_out))
        .where(
            table.c.run_id == run_id,
            table.c.scope == str(Scope.model()),
            table.c.path == "total",
        )
        .order_by(table.c.step, table.c.seq, table.c.position)
    )
    if steps is not None:
        statement = statement.where(table.c.step.in_(steps))
    rows = session.execute(statement, execution_options=BINARY_RESULTS).mappings()
    return tuple(profile_of(row) for row in rows)


def row_of(profile: LagProfile) -> Mapping[str, object]:
    low, high = profile.decay_rate_interval or (None, None)
    first_lag, last_lag = profile.fit_lags or (None, None)
    ratio = profile.ratio_at_required_lag
    ratio_low, ratio_high = (None, None) if ratio is None else ratio.interval
    return {
        **{name: getattr(profile, name) for name in _COPIED_FIELDS},
        "scope": str(profile.scope),
        **{name: _doubles(getattr(profile, f"{name}_T")) for name in _PROFILES},
        "num_anchors": np.asarray(profile.num_anchors_T, dtype=np.int32),
        "decay_rate_low": low,
        "decay_rate_high": high,
        "fit_first_lag": first_lag,
        "fit_last_lag": last_lag,
        "horizon": profile.horizon.value,
        "horizon_first_below": profile.horizon.first_below,
        "horizon_censored": profile.horizon.censored,
        "horizon_threshold": profile.horizon.threshold,
        "horizon_low": profile.horizon.interval[0],
        "horizon_high": profile.horizon.interval[1],
        "required_lag": None if ratio is None else ratio.lag,
        "ratio": None if ratio is None else ratio.value,
        "ratio_low": ratio_low,
        "ratio_high": ratio_high,
    }


def profile_of(row: RowMapping) -> LagProfile:
    return LagProfile(
        **{name: row[name] for name in _COPIED_FIELDS},
        scope=Scope.parse(row["scope"]),
        **{f"{name}_T": row[name] for name in _PROFILES if name in row},
        num_anchors_T=row["num_anchors"],
        decay_rate_interval=_pair(row["decay_rate_low"], row["decay_rate_high"]),
        fit_lags=_pair(row["fit_first_lag"], row["fit_last_lag"]),
        horizon=_horizon_of(row),
        ratio_at_required_lag=_ratio_of(row),
    )


def _horizon_of(row: RowMapping) -> Horizon:
    return Horizon(
        value=row["horizon"],
        first_below=row["horizon_first_below"],
        censored=row["horizon_censored"],
        threshold=row["horizon_threshold"],
        interval=(row["horizon_low"], row["horizon_high"]),
    )


def _ratio_of(row: RowMapping) -> LagRatio | None:
    if row["required_lag"] is None:
        return None
    interval = (row["ratio_low"], row["ratio_high"])
    return LagRatio(lag=row["required_lag"], value=row["ratio"], interval=interval)


def _pair(first: Number | None, last: Number | None) -> tuple[Number, Number] | None:
    return None if first is None or last is None else (first, last)


def _doubles(values: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
    return None if values is None else np.asarray(values, dtype=np.float64)
