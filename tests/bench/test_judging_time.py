"""A judgement takes little time and memory, however long the run is."""

import pytest

from bench.judging import judging_mb, judging_seconds, long_case

MAX_MB = 200


@pytest.mark.alone
@pytest.mark.parametrize(("num_steps", "max_seconds"), [(10_000, 0.05), (10_000_000, 2.0)])
def test_a_judgement_takes_little_processor_time(num_steps: int, max_seconds: float) -> None:
    case = long_case(num_steps)

    assert judging_seconds(case) <= max_seconds


def test_a_judgement_of_ten_million_steps_allocates_little() -> None:
    assert judging_mb(long_case(10_000_000)) <= MAX_MB
