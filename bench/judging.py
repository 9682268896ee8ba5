"""Judges synthetic runs of many steps, and prints processor time and memory.

    python -m bench.judging [--steps 10000 100000 1000000 10000000] [--by-detector]

A run has 500 lag profiles of 800 lags, 4,000 scalar readings, noise in every series and a clipped
gradient, so that no detector ends early. Memory is what a judgement allocates beside its input, at
its peak; the traced call is another one, because tracing takes time.
"""

import argparse
import time
import tracemalloc
from dataclasses import replace

import numpy as np

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.detectors import DETECTORS
from app.domain.diagnosis.engine import diagnose
from app.domain.scopes import Scope, Split
from app.domain.specs.job import JobSpec
from app.domain.task import Baseline, LagSource, MetricMode, RequiredLag, TaskFacts
from app.domain.telemetry import FloatArray, Horizon, LagProfile, LagRatio, ScalarReading, Telemetry

NUM_PROFILES = 500
NUM_LAGS = 800
#: Scalar readings of the whole model, at every probe, and scores.
PROBED = (
    "best_step_factor",
    "best_step_factor_of_batch",
    "step_gain",
    "loss_share_of_few",
    "second_moment_over_eps",
    "penalty_share",
)
NUM_SCORES = 250
SPLITS: tuple[Split, ...] = ("train", "validation")
#: Other loads take little of a call's processor time, and the least of a few calls has least.
NUM_CALLS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    sizes = [10_000, 100_000, 1_000_000, 10_000_000]
    parser.add_argument("--steps", type=int, nargs="+", default=sizes)
    parser.add_argument("--by-detector", action="store_true")
    chosen = parser.parse_args()
    for num_steps in chosen.steps:
        case = long_case(num_steps)
        seconds = judging_seconds(case)
        print(f"{num_steps:,} steps: {1e3 * seconds:.1f} ms, +{judging_mb(case):.1f} MB")
        if chosen.by_detector:
            _print_detectors(case)


def judging_seconds(case: Case) -> float:
    """Returns the processor time of a judgement, the least of a few."""
    return min(_seconds(case) for _ in range(NUM_CALLS))


def judging_mb(case: Case) -> float:
    """Returns the memory that a judgement allocates beside its input, at its peak."""
    tracemalloc.start()
    diagnose(case)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / 1e6


def _seconds(case: Case) -> float:
    began = time.process_time()
    diagnose(case)
    return time.process_time() - began


def _print_detectors(case: Case) -> None:
    fresh = replace(case)
    for card in DETECTORS:
        began = time.process_time()
        card.examine(fresh)
        print(f"    {card.code}: {1e3 * (time.process_time() - began):.1f} ms")


def long_case(num_steps: int) -> Case:
    """Returns a run that learns a little, with spikes, and whose every step is clipped."""
    spec = JobSpec.model_validate(
        {
            "model": {"kind": "elman"},
            "dataset": {"kind": "adding", "length": NUM_LAGS},
            "optimizer": {"kind": "sgd"},
            "clipping": {"kind": "norm", "max_norm": 1.0},
            "training": {"num_steps": num_steps},
        }
    )
    return Case(
        spec=spec,
        task=_facts(),
        telemetry=_telemetry(num_steps),
        num_steps=num_steps,
        attempt=1,
        has_ended=False,
        stop_reason=None,
    )


def _facts() -> TaskFacts:
    floor = Baseline(
        name="predict_mean", metric="mse", value=1 / 6, source="variance of the target"
    )
    return TaskFacts(
        metric="mse",
        mode=MetricMode.MINIMISE,
        attainable=0.0,
        baselines=(floor,),
        required_lag=RequiredLag(timesteps=NUM_LAGS - 1, source=LagSource.TASK),
        length=NUM_LAGS,
        input_size=2,
        output_size=1,
        many_to_one=True,
    )


def _telemetry(num_steps: int) -> Telemetry:
    rng = np.random.default_rng(0)

    def noisy(middle: float) -> FloatArray:
        values_n = rng.standard_normal(num_steps, dtype=np.float32)
        np.exp(0.3 * values_n, out=values_n)
        values_n *= middle
        return values_n

    grad_norm_n = noisy(20.0)
    grad_norm_n[:: max(1, num_steps // 50)] *= 1e4
    return Telemetry(
        steps_n=np.arange(num_steps, dtype=np.int32),
        scalars={
            "loss": noisy(0.2),
            "grad_norm": grad_norm_n,
            "clip_coefficient": np.minimum(1 / grad_norm_n, 1),
            "update_ratio": noisy(1e-3),
            "learning_rate": np.full(num_steps, 1e-2, dtype=np.float32),
            "non_finite_count": np.zeros(num_steps, dtype=np.float32),
        },
        tensor_names=("weight",),
        tensors={"weight_norm": noisy(10.0)[:, None]},
        scalar_readings=_readings(num_steps),
        profiles=tuple(_profile(step) for step in _probed_steps(num_steps)),
    )


def _probed_steps(num_steps: int) -> list[int]:
    return [int(step) for step in np.linspace(0, num_steps - 1, NUM_PROFILES)]


def _readings(num_steps: int) -> tuple[ScalarReading, ...]:
    rng = np.random.default_rng(1)
    scored = np.linspace(0, num_steps - 1, NUM_SCORES).astype(int).tolist()
    asked = [(step, name, Scope.model()) for step in _probed_steps(num_steps) for name in PROBED]
    asked += [(step, "mse", Scope.split(split)) for step in scored for split in SPLITS]
    asked += [(step, "accuracy", Scope.split(split)) for step in scored for split in SPLITS]
    values = 0.16 * np.exp(0.05 * rng.standard_normal(len(asked)))
    return tuple(
        ScalarReading(step=step, quantity=name, scope=scope, value=value)
        for (step, name, scope), value in zip(
            sorted(asked, key=lambda one: one[0]), values.tolist(), strict=True
        )
    )


def _profile(step: int) -> LagProfile:
    lags_T = np.arange(NUM_LAGS)
    last = NUM_LAGS - 1
    ratio = float(np.exp(-0.05 * last))
    return LagProfile(
        step=step,
        scope=Scope.model(),
        layer=0,
        direction="forward",
        path="total",
        log_norm_T=(-0.05 * lags_T).astype(np.float64),
        num_anchors_T=np.full(NUM_LAGS, 128, dtype=np.int32),
        underflowed=False,
        cotangent="loss",
        shape="exponential",
        decay_rate=-0.05,
        decay_rate_interval=(-0.06, -0.04),
        fit_lags=(5, last),
        entry_ratio=0.9,
        horizon=Horizon(
            value=92, first_below=93, censored=False, threshold=0.01, interval=(90, 94)
        ),
        ratio_at_required_lag=LagRatio(lag=last, value=ratio, interval=(ratio / 2, 2 * ratio)),
    )


if __name__ == "__main__":
    main()
