"""The cost of a remedied run, in times that of the run."""

import pytest
from pydantic import JsonValue

from app.domain.diagnosis.cost import times_the_cost
from app.domain.task import TaskShape
from tests.domain.builders import job
from tests.domain.diagnosis.remedies.drawn import sequences

SHAPE = TaskShape(length=50, input_size=2, output_size=1, many_to_one=True)
GRU: dict[str, JsonValue] = {"kind": "gru"}


@pytest.mark.parametrize("shape", [SHAPE, None])
def test_a_gated_cell_costs_more_and_twice_the_steps_twice_as_much(
    shape: TaskShape | None,
) -> None:
    twice = job(training={"num_steps": 2 * job().training.num_steps})

    assert times_the_cost(job(), job(), shape=shape) == 1
    assert times_the_cost(job(model=GRU), job(), shape=shape) > 1.5
    assert times_the_cost(twice, job(), shape=shape) == pytest.approx(2)


def test_a_length_that_the_spec_does_not_tell_is_that_of_the_task() -> None:
    short, whole = sequences(max_length=10), sequences()

    assert times_the_cost(whole, short, shape=SHAPE) == pytest.approx(5)
