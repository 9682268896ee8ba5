from collections.abc import Iterator

import numpy as np
import pytest

from app.domain.diagnosis.cause import UNKNOWN
from bench.diagnosis.example import Example
from bench.diagnosis.fit import calibrated, evaluation, held_out, rank_example
from bench.diagnosis.fitting import fitted

CAUSES = ("expansive_recurrence", "no_signal", "penalty_dominates")


def examples_of_three_causes() -> Iterator[Example]:
    """Three families of tasks in which each cause raises one sign, with some noise."""
    rng = np.random.default_rng(0)
    for number in range(90):
        place = number % len(CAUSES)
        values = rng.normal(0, 0.5, len(CAUSES))
        values[place] += 2
        yield Example(
            key=str(number),
            family=("adding", "order", "text")[number // 30],
            share=1.0,
            signs={f"sign_{place}": float(value) for place, value in enumerate(values)},
            leaves=frozenset({CAUSES[place]}),
            possible=frozenset(CAUSES),
        )


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    return list(examples_of_three_causes())


def test_a_model_finds_the_causes_of_a_family_of_tasks_that_it_has_not_seen(examples) -> None:
    held = held_out(examples)

    firsts = [rank_example(held[one.family], one)[0].code in one.leaves for one in examples]
    assert np.mean(firsts) > 0.9
    assert [line.split()[0] for line in evaluation(examples, held)] == ["adding", "order", "text"]


def test_a_cause_that_the_job_rules_out_has_no_probability(examples) -> None:
    model = fitted(examples)

    ranked = model.rank(examples[0].signs, {"no_signal"})

    assert {one.code for one in ranked} == {"no_signal", UNKNOWN}


def test_probabilities_are_calibrated_on_families_that_were_left_out(examples) -> None:
    held = held_out(examples)

    model = calibrated(fitted(examples), examples, held)

    ranked = rank_example(model, examples[0])
    assert sum(one.probability for one in ranked) == pytest.approx(1)
    assert {one.code: one.probability for one in ranked}[UNKNOWN] < 0.2
