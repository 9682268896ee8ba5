import pytest
from pydantic import JsonValue, TypeAdapter

from app.domain.specs.optimizer import OptimizerSpec
from app.domain.specs.schedule.base import Progress
from app.domain.specs.schedule.cosine import CosineSchedule

_specs: TypeAdapter[OptimizerSpec] = TypeAdapter(OptimizerSpec)


def rates(schedule: dict[str, JsonValue], *, num_steps: int = 11) -> list[float]:
    spec = _specs.validate_python({"kind": "sgd", "learning_rate": 1.0, "schedule": schedule})
    return [spec.rate_at(step, num_steps=num_steps) for step in range(num_steps)]


def test_constant_stays() -> None:
    assert rates({"kind": "constant"}) == [1.0] * 11


def test_warmup_rises_linearly_and_then_stays() -> None:
    assert rates({"kind": "warmup", "warmup_steps": 4}) == [0.25, 0.5, 0.75] + [1.0] * 8


def test_step_multiplies_every_so_many_steps() -> None:
    found = rates({"kind": "step", "every": 5, "factor": 0.1})

    assert found == pytest.approx([1.0] * 5 + [0.1] * 5 + [0.01])


def test_cosine_goes_from_the_full_rate_to_its_last_fraction() -> None:
    found = rates({"kind": "cosine", "final_fraction": 0.2})

    assert found[0] == 1.0
    assert found[5] == pytest.approx(0.6)
    assert found[-1] == pytest.approx(0.2)


def test_a_schedule_begins_after_its_warmup() -> None:
    found = rates({"kind": "cosine", "warmup_steps": 5})

    assert found[:6] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0, 1.0])
    assert found[-1] == pytest.approx(0.0)


def test_a_cosine_of_two_steps_has_its_first_and_its_last_rate() -> None:
    assert rates({"kind": "cosine", "final_fraction": 0.5}, num_steps=2) == [1.0, 0.5]


@pytest.mark.parametrize(("step", "num_steps"), [(20, 11), (3, 3), (0, 0), (5, 0)])
def test_past_its_end_a_cosine_stays_at_its_last_fraction(step: int, num_steps: int) -> None:
    schedule = CosineSchedule(kind="cosine", final_fraction=0.25)

    assert schedule.share(Progress(step=step, num_steps=num_steps)) == pytest.approx(0.25)


def test_a_run_of_one_step_has_a_rate() -> None:
    assert rates({"kind": "cosine", "final_fraction": 0.5}, num_steps=1) == [0.5]
