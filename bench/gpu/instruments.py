"""What the instruments cost: the loop with each tier against a bare PyTorch loop, in slices."""

import time
from collections.abc import Iterator, Sequence

import numpy as np
import torch

from app.domain.quantities.probe import TIERS
from app.domain.specs.job import TIER_BUDGETS
from app.domain.telemetry import ScalarReading, of_kind
from bench.gpu.conditions import Conditions, Row, Verdict
from bench.gpu.training import make_spec as spec_of
from bench.gpu.training import train_on
from bench.overhead import (
    NUM_BLOCKS,
    SHAPES,
    TURN_S,
    make_spec,
    paired_ratio,
    seconds_of_slices,
    seconds_of_step,
)


def measure(conditions: Conditions) -> Iterator[Row]:
    """For each shape what one probe takes, then the ratios."""
    shapes = ("elman",) if conditions.is_quick else ("lstm", "elman", "gru")
    seconds = 0.1 if conditions.is_quick else 2.5
    for shape in shapes:
        yield from _ratios(conditions, shape, seconds)
        for tier in TIERS:
            yield _probe(conditions, shape, tier)


def _ratios(conditions: Conditions, shape: str, seconds: float) -> Iterator[Row]:
    clock, device = time.perf_counter, conditions.device
    model = SHAPES[shape]
    step_s = seconds_of_step(make_spec(model, num_steps=41, tier="off"), device, clock)
    steps_per_slice = max(1, round(TURN_S / step_s))
    taken = seconds_of_slices(
        model,
        TIERS,
        clock,
        num_slices=max(NUM_BLOCKS, round(seconds / (steps_per_slice * step_s))),
        steps_per_slice=steps_per_slice,
        device=device,
    )
    pairs = (("off", "bare"), ("off again", "off"), *((tier, "off") for tier in TIERS))
    for above, below in pairs:
        whole, low, high = paired_ratio(taken, above, below)
        yield {
            "kind": shape,
            "hidden_size": model["hidden_size"],
            "above": above,
            "below": below,
            "ratio": round(whole, 4),
            "low": round(low, 4),
            "high": round(high, 4),
            "bare_ms_per_step": round(1e3 * step_s, 3),
        }


def _probe(conditions: Conditions, shape: str, tier: str) -> Row:
    """Seconds of the second probe: the first one loads kernels."""
    spec = spec_of(
        {
            "model": SHAPES[shape],
            "training": {"num_steps": 2},
            "probes": {"tier": tier, "every": 1},
        }
    )
    run = train_on(spec, conditions.device)
    found = [r for batch in run.batches for r in of_kind(ScalarReading, batch.readings)]
    seconds = {one.step: one.value for one in found if one.quantity == "probe_seconds"}
    return {
        "kind": shape,
        "tier": tier,
        "first_probe_s": round(seconds[0], 4),
        "probe_s": round(float(np.mean([seconds[step] for step in (1, 2)])), 4),
        "device": str(torch.device(conditions.device)),
    }


def judge(rows: Sequence[Row]) -> Sequence[Verdict]:
    """Each tier within its budget, as far as two equal loops agree."""
    verdicts = []
    budgets: dict[str, float] = {tier: TIER_BUDGETS[tier] for tier in TIERS}
    noise = {
        row["kind"]: abs(_number(row, "ratio") - 1)
        for row in rows
        if row.get("above") == "off again"
    }
    for row in rows:
        if row.get("above") == "off":
            text = (
                f"{row['kind']}: the loop without probes takes {row['ratio']} times the bare one."
            )
            verdicts.append(Verdict(is_right=None, sentence=text))
        budget = budgets.get(str(row.get("above")))
        if budget is not None:
            added, scatter = _number(row, "ratio") - 1, noise.get(row["kind"], 0.0)
            text = (
                f"{row['kind']}: {row['above']} adds {added:.1%} within a budget of {budget:.0%}; "
                f"two equal loops differ by {scatter:.1%}."
            )
            verdicts.append(Verdict(is_right=None, sentence=text))
    return verdicts


def _number(row: Row, name: str) -> float:
    value = row[name]
    if not isinstance(value, int | float):
        raise TypeError(value)
    return float(value)
