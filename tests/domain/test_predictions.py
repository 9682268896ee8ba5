"""The reason why there is no prediction becomes the error that a client gets."""

import pytest

from app.domain.errors import ClinicError, InvalidData, Problem, TooLarge, Unavailable
from app.domain.predictions import FAILURES, Failure


def test_data_that_cannot_be_used_keep_their_places() -> None:
    problem = Problem(pointer="/rows/2/sold", detail="must be a number", code="not_a_number")
    failure = Failure(code=InvalidData.code, detail="Row 2 is in the way.", problems=(problem,))

    error = failure.as_error()

    assert isinstance(error, InvalidData)
    assert (error.detail, tuple(error.problems)) == ("Row 2 is in the way.", (problem,))


@pytest.mark.parametrize(
    ("code", "kind"), [(TooLarge.code, TooLarge), ("of_a_later_release", Unavailable)]
)
def test_other_failures_keep_their_sentence(code: str, kind: type[ClinicError]) -> None:
    error = Failure(code=code, detail="A sentence.").as_error()

    assert type(error) is kind
    assert error.detail == "A sentence."
    assert (code in FAILURES) == (kind is TooLarge)
