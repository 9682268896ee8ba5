import numpy as np
import pytest

from app.domain.value_counts import most_frequent


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ([3, 1, 3, 2, 3], 3),
        ([-5], 1),
        ([], None),
        ([0, 2**21], None),
    ],
)
def test_the_rows_of_the_most_frequent_number_are_counted(
    stored: list[int], expected: int | None
) -> None:
    assert most_frequent(np.array(stored, dtype=np.int64)) == expected


def test_the_rows_of_fractions_are_not_counted() -> None:
    assert most_frequent(np.array([0.5, 0.5])) is None
