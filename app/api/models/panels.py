"""Panels of pictures, from what a run measured."""

from collections.abc import Sequence

import numpy as np

from app.domain.diagnosis.findings import Diagnosis, FindingState
from app.domain.runs import Run
from app.domain.scopes import Scope
from app.domain.windows.excerpt import Excerpt
from app.pictures.content import Curve, Heat, Level, Lines, Span
from app.store.heat_maps import HeatMap


def loss_panel(run: Run, excerpts: Sequence[Excerpt], diagnosis: Diagnosis | None) -> Lines:
    """The loss of every step, and the task's metric at evaluations with what to compare it with."""
    return Lines(
        title="Loss and metric",
        unit="",
        curves=tuple(map(_curve, excerpts)),
        levels=tuple(_levels(run)),
        spans=_spans(diagnosis),
    )


def norm_panel(excerpts: Sequence[Excerpt], diagnosis: Diagnosis | None) -> Lines:
    """The gradient norm before clipping and the coefficient that clipping multiplied it by."""
    return Lines(
        title="Gradient norm before clipping, and clip coefficient",
        unit="",
        curves=tuple(map(_curve, excerpts)),
        spans=_spans(diagnosis),
    )


def plain_panel(title: str, excerpts: Sequence[Excerpt]) -> Lines:
    """Curves as they are, on a linear axis."""
    return Lines(title=title, unit="", curves=tuple(map(_curve, excerpts)), may_be_log=False)


def flow_panel(run: Run, found: HeatMap) -> Heat | None:
    """The gradient flow of the whole model; None without a probe."""
    if not found.steps_P.size:
        return None
    lag = run.task.required_lag.timesteps if run.task else None
    return Heat(
        title="Gradient flow: how large the gradient is, so many timesteps back",
        steps_P=found.steps_P.astype(np.float64),
        lags_T=found.lags_T.astype(np.float64),
        log10_norm_PT=(found.log_norm_PT / np.log(10)).astype(np.float32),
        horizon_P=found.horizon_P,
        horizon_interval_2P=np.array([found.horizon_low_P, found.horizon_high_P]),
        required_lag=lag if lag is not None and lag <= found.lags_T[-1] else None,
    )


def _curve(excerpt: Excerpt) -> Curve:
    scope = "" if excerpt.scope == str(Scope.model()) else f" {excerpt.scope}"
    return Curve(
        label=excerpt.quantity.replace("_", " ") + scope,
        steps_n=np.asarray(excerpt.steps_p, dtype=np.float64),
        values_n=np.asarray(excerpt.values_p, dtype=np.float64),
    )


def _levels(run: Run) -> list[Level]:
    task = run.task
    if task is None:
        return []
    found = []
    if task.baseline is not None:
        name = task.baseline.name.replace("_", " ")
        found.append(Level(label=name, value=task.baseline.score_on("validation")))
    score = task.reference.score_on("validation", task.metric) if task.reference else None
    if score is not None:
        found.append(Level(label="best simple model", value=score))
    if task.attainable:
        found.append(Level(label="attainable", value=task.attainable))
    return found


def _spans(diagnosis: Diagnosis | None) -> tuple[Span, ...]:
    if diagnosis is None:
        return ()
    return tuple(
        Span(
            label=one.code,
            severity=one.severity.value,
            first_step=one.first_step,
            last_step=one.last_step,
        )
        for one in diagnosis.findings
        if one.state is not FindingState.RESOLVED
    )
