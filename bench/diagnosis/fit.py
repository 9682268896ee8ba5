"""Fits the ranking of causes and writes its coefficients beside the domain's code.

    OMP_NUM_THREADS=1 python -m bench.diagnosis.fit [--runs FOLDER]

Temperature and doubt come from models that saw no run of the family of tasks that they judge.
"""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from app.domain.diagnosis.cause import UNKNOWN
from app.domain.diagnosis.findings import RankedCause
from app.domain.diagnosis.ranking import model as ranking
from app.domain.diagnosis.ranking.model import Doubt, Model, Weights
from app.domain.telemetry import DoubleArray
from bench.diagnosis.example import Example, read_examples
from bench.diagnosis.fitting import fitted
from bench.diagnosis.labels import LABELS, read_labels
from bench.diagnosis.leaves import twins_of
from bench.diagnosis.stored import RUNS, read_runs

COEFFICIENTS = Path(ranking.__file__).with_name("coefficients.json")
_MOST_CAUSES = 3
_TEMPERATURES = (0.8, 0.9, 1.0, 1.15, 1.3, 1.5, 1.75)


def held_out(examples: Sequence[Example]) -> Mapping[str, Model]:
    """Returns, for each family of tasks, the model that is fitted to all others."""
    families = sorted({one.family for one in examples})
    return {
        family: fitted([one for one in examples if one.family != family]) for family in families
    }


def calibrated(model: Model, examples: Sequence[Example], held: Mapping[str, Model]) -> Model:
    """Returns the model with the temperature and the doubt that fit the held-out rankings best."""
    temperature, doubt = _best_calibration(examples, held)
    return cooler(model, temperature).model_copy(update={"doubt": doubt})


def honest(examples: Sequence[Example], held: Mapping[str, Model]) -> Mapping[str, Model]:
    """Returns the held-out models with the same temperature and doubt as the shipped one."""
    temperature, doubt = _best_calibration(examples, held)
    return {
        family: cooler(model, temperature).model_copy(update={"doubt": doubt})
        for family, model in held.items()
    }


def _best_calibration(
    examples: Sequence[Example], held: Mapping[str, Model]
) -> tuple[float, Doubt]:
    fits = [_calibration(temperature, examples, held) for temperature in _TEMPERATURES]
    temperature, doubt, _ = min(fits, key=lambda one: one[2])
    return temperature, doubt


def _calibration(
    temperature: float, examples: Sequence[Example], held: Mapping[str, Model]
) -> tuple[float, Doubt, float]:
    """Returns temperature, doubt and their mean surprise on the held-out examples."""
    cooled = {family: cooler(one, temperature) for family, one in held.items()}
    rankings = [(one, rank_example(cooled[one.family], one)) for one in examples]
    doubt = _doubt(rankings)
    chances = []
    for example in examples:
        model = cooled[example.family].model_copy(update={"doubt": doubt})
        ranked = rank_example(model, example)
        right = sum(one.probability for one in ranked if is_right(one, example))
        unknown = sum(one.probability for one in ranked if one.code == UNKNOWN)
        chances.append(unknown if _is_missed(example, ranked) else right)
    return temperature, doubt, float(-np.log(np.maximum(chances, 1e-3)).mean())


def cooler(model: Model, temperature: float) -> Model:
    """Returns the model with all weights divided by the temperature."""
    causes = {
        code: Weights(
            bias=round(one.bias / temperature, 3),
            signs={name: round(weight / temperature, 3) for name, weight in one.signs.items()},
        )
        for code, one in model.causes.items()
    }
    return model.model_copy(update={"causes": causes})


def rank_example(model: Model, example: Example) -> tuple[RankedCause, ...]:
    return model.rank(example.signs, example.possible)


def is_right(ranked: RankedCause, example: Example) -> bool:
    return not twins_of(ranked.code).isdisjoint(example.leaves)


def _doubt(rankings: Sequence[tuple[Example, Sequence[RankedCause]]]) -> Doubt:
    """Fits the probability that no right cause is among the first three."""
    rows = np.array([_weakness(ranked) for _, ranked in rankings])
    is_missed = np.array(
        [_is_missed(example, ranked) for example, ranked in rankings], dtype=np.float64
    )

    def loss(free: DoubleArray) -> float:
        scores = free[0] + free[1] * rows
        surprise = np.logaddexp(0, scores) - is_missed * scores
        return float(surprise.sum() + 0.5 * free[1] ** 2)

    bias, weakness = minimize(loss, np.array([-3.0, 1.0])).x
    return Doubt(bias=round(float(bias), 2), weakness=round(float(weakness), 2), missing=0.0)


def _is_missed(example: Example, ranked: Sequence[RankedCause]) -> bool:
    return not any(is_right(one, example) for one in causes_of(ranked)[:_MOST_CAUSES])


def _weakness(ranked: Sequence[RankedCause]) -> float:
    return 1 - max(one.probability for one in ranked if one.code != UNKNOWN)


def evaluation(examples: Sequence[Example], held: Mapping[str, Model]) -> Iterator[str]:
    """Yields the shares of right answers at the end of the run, each family left out in turn."""
    last = [one for one in examples if one.share == 1.0]
    for family, model in held.items():
        own = [(one, rank_example(model, one)) for one in last if one.family == family]
        first = np.mean([is_right(causes_of(ranked)[0], one) for one, ranked in own])
        three = np.mean(
            [any(is_right(r, one) for r in causes_of(ranked)[:_MOST_CAUSES]) for one, ranked in own]
        )
        yield f"{family:<12}{len(own):>5} runs: leaf first {first:.0%}, among three {three:.0%}"


def causes_of(ranked: Sequence[RankedCause]) -> list[RankedCause]:
    """Returns the ranking without `unknown`."""
    return [one for one in ranked if one.code != UNKNOWN]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=Path, default=RUNS)
    parser.add_argument("--labels", type=Path, default=LABELS)
    parser.add_argument("--to", type=Path, default=COEFFICIENTS)
    chosen = parser.parse_args()
    examples = read_examples(read_runs(chosen.runs), read_labels(chosen.labels))
    held = held_out(examples)
    for line in evaluation(examples, held):
        print(line)
    model = calibrated(fitted(examples), examples, held)
    chosen.to.write_text(json.dumps(model.model_dump(), indent=1) + "\n")
    print(f"fitted to {len(examples)} examples; see {chosen.to}")


if __name__ == "__main__":
    main()
