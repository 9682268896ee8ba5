"""How much the horizon depends on which sequences were looked at.

    python -m bench.horizon_scatter [--steps 400] [--draws 20] [--population 2048]

Trains one network a shape on the adding problem, measures its lag profile on independent draws of a
sample of the tier `standard`, and once on many sequences. Printed: the horizon of the many, the
standard deviation of the draws' horizons relative to their mean, and the share of the draws whose
95 % interval covers that of the many; the same for the ratio at the required lag.
"""

import argparse
import statistics

import torch
from pydantic import JsonValue

from app.domain.specs.job import JobSpec
from app.domain.telemetry import LagProfile
from worker.datasets.build import build_task
from worker.datasets.task import Batch, Task
from worker.models.network import SequenceModel
from worker.probes.lag_profile import measure_lag_profiles
from worker.probes.suite import ANCHORS
from worker.replay.sample import ProbeSample
from worker.training.loop import TrainingLoop

LENGTH = 60
REQUIRED_LAG = 30
SHAPES: dict[str, dict[str, JsonValue]] = {
    "Elman H=32": {"kind": "elman", "hidden_size": 32},
    "GRU H=32": {"kind": "gru", "hidden_size": 32},
    "LSTM H=32": {"kind": "lstm", "hidden_size": 32},
}


def make_spec(model: JsonValue, *, num_steps: int) -> JobSpec:
    return JobSpec.model_validate(
        {
            "model": model,
            "dataset": {"kind": "adding", "length": LENGTH},
            "optimizer": {"kind": "adam", "learning_rate": 0.003},
            "training": {"num_steps": num_steps, "evaluate_every": num_steps},
            "probes": {"tier": "off"},
        }
    )


def as_sample(batch: Batch, task: Task) -> ProbeSample:
    return ProbeSample(
        x_TBI=batch.inputs_TBI,
        lengths_B=batch.lengths_B,
        targets=batch.targets,
        loss_terms=task.objective.loss_terms,
    )


def profile_of(
    model: SequenceModel, task: Task, *, draw: int, num_sequences: int, seed: int
) -> LagProfile:
    """Of fresh sequences, which neither training nor another draw has seen."""
    batch = task.training_batch(1_000_000 + draw, batch_size=num_sequences, seed=seed)
    (profile, *_) = measure_lag_profiles(
        model,
        as_sample(batch, task),
        step=draw,
        required_lag=REQUIRED_LAG,
        seed=seed,
        max_anchors=num_sequences,
    )
    return profile


def report(spec: JobSpec, *, num_draws: int, population: int) -> str:
    task = build_task(spec.dataset, upload=None)
    loop = TrainingLoop(spec, task, device=torch.device("cpu"), send=lambda _: None)
    loop.run(lambda: None)
    whole = profile_of(loop.model, task, draw=0, num_sequences=population, seed=1)
    size = ANCHORS["standard"]
    drawn = [
        profile_of(loop.model, task, draw=draw, num_sequences=size, seed=2)
        for draw in range(1, num_draws + 1)
    ]
    horizons = [profile.horizon.value for profile in drawn]
    scatter = statistics.stdev(horizons) / statistics.mean(horizons)
    covered = [
        one.horizon.interval[0] <= whole.horizon.value <= one.horizon.interval[1] for one in drawn
    ]
    return (
        f"horizon {whole.horizon.value}, draws {min(horizons)} to {max(horizons)}, "
        f"scatter {scatter:.1%}, covered {statistics.mean(covered):.0%}; "
        f"ratio covered {_ratio_coverage(drawn, whole):.0%}"
    )


def _ratio_coverage(drawn: list[LagProfile], whole: LagProfile) -> float:
    if whole.ratio_at_required_lag is None:
        return float("nan")
    true = whole.ratio_at_required_lag.value
    ratios = [one.ratio_at_required_lag for one in drawn if one.ratio_at_required_lag]
    return statistics.mean(one.interval[0] <= true <= one.interval[1] for one in ratios)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--population", type=int, default=2048)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    for name, model in SHAPES.items():
        spec = make_spec(model, num_steps=asked.steps)
        found = report(spec, num_draws=asked.draws, population=asked.population)
        print(f"{name}: {found}", flush=True)


if __name__ == "__main__":
    main()
