"""The suggested spec of a forecast."""

from collections.abc import Iterator, Sequence

import numpy as np

from app.domain.data_check import check_table
from app.domain.errors import InvalidData, InvalidSpec
from app.domain.profiles import CsvProfile
from app.domain.specs.dataset.forecast import ForecastSpec
from app.domain.specs.loss import LossSpec
from app.domain.specs.loss.mae import MaeLoss
from app.domain.specs.loss.mse import MseLoss
from app.domain.specs.loss.poisson import PoissonLoss
from app.domain.specs.transform.chain import TargetTransform
from app.domain.suggestions.columns import (
    MAX_TARGET_MISSING,
    features_of,
    measured_spans,
    targets_of,
)
from app.domain.suggestions.found import NO_ID, Found, Obstacle
from app.domain.suggestions.layout import Layout
from app.domain.suggestions.room import MIN_ROWS, SPLITS, Room, horizon_of, rooms, typical_rows
from app.domain.suggestions.sample import part_of
from app.domain.suggestions.season import expected_seasons, find_season
from app.domain.suggestions.transforms import transforms_of
from app.domain.tables import Column, ColumnType, Table
from app.domain.telemetry import DoubleArray

#: Series in which a season is searched: the longest ones.
MAX_SEASON_SERIES = 5
#: Series whose rows are checked as a dry run checks all: the first ones.
MAX_CHECKED_SERIES = 300
#: Share of zeros from which a target has many.
MANY_ZEROS = 0.2
#: Share of zeros from which the median is 0, and the absolute error is least for "always 0".
MOSTLY_ZEROS = 0.5


def suggest_forecast(table: Table, profile: CsvProfile, layout: Layout) -> Found | Obstacle:
    """Returns the first spec that a worker would accept."""
    targets = targets_of(table, profile, layout)
    if not targets:
        share = 1 - MAX_TARGET_MISSING
        detail = "no numeric column varies, can be scaled and is measured in at least "
        return Obstacle(detail=detail + f"{share:.0%} of the rows")
    num_rows = typical_rows(layout.sizes)
    if num_rows < MIN_ROWS:
        detail = f"{_series_have(layout)} {num_rows} rows; a forecast needs at least {MIN_ROWS}"
        return Obstacle(detail=detail)
    refused = Obstacle(detail="no way to cut the series fits")
    for target in targets:
        known_rows = typical_rows(measured_spans(target, layout))
        for spec, reasons in _specs(table, profile, layout, target, num_rows=known_rows):
            try:
                spec.shape(profile)
                check_table(spec, _checked_part(table, layout, spec))
            except (InvalidData, InvalidSpec) as error:
                refused = Obstacle(detail=error.detail)
            else:
                return Found(spec=spec, reasons=reasons)
    return refused


def _series_have(layout: Layout) -> str:
    return "there are" if layout.series_column is None else "most series have"


def _specs(
    table: Table, profile: CsvProfile, layout: Layout, target: Column, *, num_rows: int
) -> Iterator[tuple[ForecastSpec, tuple[str, ...]]]:
    """Yields specs for one target, each simpler than the one before."""
    longest = _longest(target, layout)
    season = find_season(longest, _expected(table, layout))
    loss, reason_of_loss = _loss(target)
    # a season ahead, the difference to the season before; otherwise to the last value
    lag = horizon_of(num_rows, season, SPLITS[0])
    transforms, reasons_of_transforms = transforms_of(longest, lag=lag)
    if loss.link == "exp":  # such a loss is for the target as it is
        transforms = ()
    for transform in dict.fromkeys((transforms, ())):
        reach = TargetTransform(parts=transform).reach
        for room in rooms(num_rows, season, reach=reach):
            share = room.split.train
            features, reasons = features_of(table, profile, layout, target, train_share=share)
            for chosen in dict.fromkeys((features, ())):
                spec = _spec(table, layout, target, chosen, room=room, season=season)
                about = [f"target: {_why_target(target, table)}", *reasons]
                about += reasons_of_transforms if transform else ()
                for missing in _fills(spec):
                    changes = {"loss": loss, "transform": transform, "missing": missing}
                    changed = spec.model_copy(update=changes)
                    why = _why_rest(changed, reason_of_loss)
                    yield changed, (*layout.reasons, *about, *why)


def _spec(
    table: Table,
    layout: Layout,
    target: Column,
    features: Sequence[str],
    *,
    room: Room,
    season: int | None,
) -> ForecastSpec:
    used = {target.name, *features}
    has_gaps = any(one.missing_N is not None for one in table.columns if one.name in used)
    return ForecastSpec(
        kind="forecast",
        dataset_id=NO_ID,
        target=target.name,
        features=tuple(features),
        window=room.window,
        horizon=room.horizon,
        season=_usable_season(season, room, typical_rows(layout.sizes)),
        series_column=layout.series_column,
        time_column=layout.time_column,
        split=room.split,
        missing="forward_fill" if has_gaps else "reject",
    )


def _fills(spec: ForecastSpec) -> tuple[str, ...]:
    """Returns what can be done about gaps, the best first: dropped rows shift the time."""
    return ("reject",) if spec.missing == "reject" else ("forward_fill", "drop")


def _usable_season(season: int | None, room: Room, num_rows: int) -> int | None:
    """Returns the season if the seasonal baseline has a value for the first forecast."""
    reach = max(room.window, room.split.parts(num_rows)[0].end)
    return None if season is None or season > reach else season


def _longest(target: Column, layout: Layout) -> list[DoubleArray]:
    """Returns the target in the longest series, in time order."""
    values_N = target.values()[layout.rows_N]
    sizes_S = layout.sizes
    chosen = np.argsort(-sizes_S, kind="stable")[:MAX_SEASON_SERIES]
    return [values_N[layout.starts_S[one] :][: sizes_S[one]] for one in chosen]


def _expected(table: Table, layout: Layout) -> tuple[int, ...]:
    """Returns the seasons that the calendar lets expect, if a column of dates orders the rows."""
    if layout.time_column is None:
        return ()
    column = table.column(layout.time_column)
    longest = int(np.argmax(layout.sizes))
    rows_n = layout.rows_N[layout.starts_S[longest] :][: layout.sizes[longest]]
    if column.type is not ColumnType.DATE or len(rows_n) <= 1:
        return ()
    return expected_seasons(float(np.median(np.diff(column.values()[rows_n]))))


def _loss(target: Column) -> tuple[LossSpec, str | None]:
    """Returns the loss that suits the target's zeros, and why."""
    known_n = target.known().stored_N
    zeros = float((known_n == 0).mean())
    if zeros < MANY_ZEROS or known_n.min() < 0:
        return MseLoss(), None
    if zeros < MOSTLY_ZEROS:
        return MaeLoss(), f"loss: mae, because {zeros:.0%} of the target are 0 and peaks are few"
    if target.type is ColumnType.INTEGER:
        reason = f"loss: poisson, because {zeros:.0%} of the target are 0 and it counts"
        return PoissonLoss(
            kind="poisson"
        ), reason + "; the absolute error would be least for always 0"
    return MseLoss(), f"loss: mse, because {zeros:.0%} of the target are 0, and so is its median"


def _why_target(target: Column, table: Table) -> str:
    numeric = [one.name for one in table.columns if one.type.is_numeric]
    if numeric[-1] == target.name:
        return f"{target.name!r}, the last numeric column"
    return f"{target.name!r}, the likeliest numeric column by its name, place and values"


def _why_window(spec: ForecastSpec) -> str:
    if spec.season is None:
        return f"window: {spec.window}; no season was found"
    times = "two seasons" if spec.window == 2 * spec.season else "as much as the rows allow"
    return (
        f"season: {spec.season} timesteps, by the autocorrelation; window: {spec.window}, {times}"
    )


def _why_rest(spec: ForecastSpec, reason_of_loss: str | None) -> Iterator[str]:
    yield _why_window(spec)
    if spec.horizon > 1:
        yield f"horizon: {spec.horizon}, one season"
    if spec.missing == "forward_fill":
        yield "missing: forward_fill, because there are gaps; filled targets are not scored"
    if spec.missing == "drop":
        yield "missing: drop, because a part of the series has no measured target otherwise"
    if spec.split.train != ForecastSpec.model_fields["split"].default.train:
        yield "split: not the usual shares, with which the data could not be trained on"
    if reason_of_loss is not None:
        yield reason_of_loss


def _checked_part(table: Table, layout: Layout, spec: ForecastSpec) -> Table:
    """Returns the columns of the spec, and of many series the rows of the first ones."""
    names = {spec.target, *spec.features, spec.series_column, spec.time_column} - {None}
    used = {name for name in names if name is not None}
    if len(layout.starts_S) <= MAX_CHECKED_SERIES:
        return part_of(table, used)
    rows_n = layout.rows_N[: layout.starts_S[MAX_CHECKED_SERIES]]
    return part_of(table, used, rows_n=np.sort(rows_n))
