"""How much horizon and ratio depend on which sequences were looked at, and what intervals cover.

    python -m bench.horizon_scatter [--draws 200] [--steps 400] [--population 2048] [--only gru]

Each network, untrained and trained, is measured on independent draws of a sample of the tier
`standard`, and once on many sequences. Printed for the horizon: its value over the many, over the
draws the standard deviation and the range relative to their mean, and the share of the draws whose
95 % interval covers the value of the many; for the ratio at the required lag that share too, and
the median width of its interval in nats.

Found (200 draws): horizons deviate by 0 to 5 % and are covered in 96 to 100 % of the draws; ratios
are covered in 93 to 100 %. The exception is a trained GRU on the adding problem, 85 %: a handful of
sequences of thousands carry a third of its sum of squares, and what a sample has none of no
interval shows. So it is with networks trained on the characters of a book, whose samples are 32
sequences: ratios 78 to 92 %, horizons deviate by 5 to 14 %. Percentile intervals alone covered 39
to 96 %, and as little of the heavy-tailed ones as corrected for bias and skewness (BCa).
"""

import argparse
import statistics
from dataclasses import dataclass

import numpy as np
import torch
from pydantic import JsonValue

from app.domain.specs.job import JobSpec
from app.domain.telemetry import LagProfile
from worker.datasets.build import build_task
from worker.datasets.task import Task
from worker.models.network import SequenceModel
from worker.probes.lag_profile import measure_lag_profiles
from worker.probes.suite import ANCHORS
from worker.replay.anchors import sequences_needed
from worker.replay.sample import ProbeSample
from worker.training.loop import TrainingLoop

KINDS = ("elman", "gru", "lstm")
#: Steps of training at which no draw is taken from.
UNSEEN = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Bed:
    """A data set and the lag that its networks are asked about."""

    dataset: dict[str, JsonValue]
    lag: int
    upload: bytes | None = None


def noisy_series(num_rows: int = 6000) -> bytes:
    """A value that follows from the last and, by its own sign, from that of a season before."""
    noise_N = 0.5 * np.random.default_rng(5).normal(size=num_rows)
    values_N = np.zeros(num_rows)
    for row in range(12, num_rows):
        season = values_N[row - 12] * np.sin(values_N[row - 3])
        values_N[row] = 0.5 * values_N[row - 1] + 0.4 * season + noise_N[row]
    return "\n".join(["value", *(f"{value:.6f}" for value in values_N)]).encode()


BEDS: dict[str, Bed] = {
    "adding": Bed(dataset={"kind": "adding", "length": 60}, lag=30),
    "copy_memory": Bed(dataset={"kind": "copy_memory", "length": 30}, lag=40),
    "forecast": Bed(
        dataset={
            "kind": "forecast",
            "dataset_id": "00000000-0000-7000-8000-000000000000",
            "target": "value",
            "window": 48,
        },
        lag=12,
        upload=noisy_series(),
    ),
}


def make_spec(kind: str, dataset: JsonValue, *, num_steps: int) -> JobSpec:
    return JobSpec.model_validate(
        {
            "model": {"kind": kind, "hidden_size": 32},
            "dataset": dataset,
            "optimizer": {"kind": "adam", "learning_rate": 0.003},
            "training": {"num_steps": num_steps, "evaluate_every": num_steps},
            "probes": {"tier": "off"},
        }
    )


def fresh_sample(task: Task, *, draw: int, num_sequences: int, seed: int) -> ProbeSample:
    """Sequences that neither training nor another draw has seen, where the data has no end."""
    batch = task.training_batch(UNSEEN + draw, batch_size=num_sequences, seed=seed)
    counted_TB = batch.counted_TB if batch.recalled_TB is None else batch.recalled_TB
    return ProbeSample(
        x_TBI=batch.inputs_TBI,
        lengths_B=batch.lengths_B,
        targets=batch.targets,
        loss_terms=task.objective.loss_terms,
        counted_TB=None if counted_TB is None else counted_TB.bool(),
    )


def judged_profile(model: SequenceModel, sample: ProbeSample, *, draw: int, lag: int) -> LagProfile:
    (profile, *_) = measure_lag_profiles(
        model,
        sample,
        step=draw,
        required_lag=lag,
        seed=2,
        max_anchors=sample.num_sequences * (1 if model.many_to_one else 4),
    )
    return profile


def report(model: SequenceModel, task: Task, lag: int, *, num_draws: int, population: int) -> str:
    many = fresh_sample(task, draw=0, num_sequences=population, seed=1)
    whole = judged_profile(model, many, draw=0, lag=lag)
    size = sequences_needed(ANCHORS["standard"], many_to_one=model.many_to_one)
    drawn = [
        judged_profile(
            model, fresh_sample(task, draw=draw, num_sequences=size, seed=2), draw=draw, lag=lag
        )
        for draw in range(1, num_draws + 1)
    ]
    return f"{_of_horizon(drawn, whole)}; {_of_ratio(drawn, whole)}"


def _of_horizon(drawn: list[LagProfile], whole: LagProfile) -> str:
    values = [one.horizon.value for one in drawn]
    mean = max(statistics.mean(values), 1.0)
    true = whole.horizon.value
    covered = [one.horizon.interval[0] <= true <= one.horizon.interval[1] for one in drawn]
    return (
        f"horizon {true}, deviation {statistics.stdev(values) / mean:.1%}, "
        f"range {(max(values) - min(values)) / mean:.0%}, covered {statistics.mean(covered):.1%}"
    )


def _of_ratio(drawn: list[LagProfile], whole: LagProfile) -> str:
    found = [one.ratio_at_required_lag for one in drawn if one.ratio_at_required_lag]
    if whole.ratio_at_required_lag is None:
        return "no ratio"
    true = whole.ratio_at_required_lag.value
    covered = [one.interval[0] <= true <= one.interval[1] for one in found]
    ends = np.log([one.interval for one in found])
    width = float(np.median(ends[:, 1] - ends[:, 0]))
    return f"ratio {true:.2g}, covered {statistics.mean(covered):.1%}, {width:.2f} nats wide"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--population", type=int, default=2048)
    parser.add_argument("--only", choices=KINDS)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    for name, bed in BEDS.items():
        task = build_task(make_spec("gru", bed.dataset, num_steps=1).dataset, upload=bed.upload)
        for kind in KINDS if asked.only is None else (asked.only,):
            spec = make_spec(kind, bed.dataset, num_steps=asked.steps)
            loop = TrainingLoop(spec, task, device=torch.device("cpu"), send=lambda _: None)
            for state in ("untrained", "trained"):
                if state == "trained":
                    loop.run(lambda: None)
                found = report(
                    loop.model, task, bed.lag, num_draws=asked.draws, population=asked.population
                )
                print(f"{name}, {kind}, {state}: {found}", flush=True)


if __name__ == "__main__":
    main()
