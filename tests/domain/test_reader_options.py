"""What a client may say of its file, and what is answered."""

import pytest
from pydantic import ValidationError

from app.domain.reader_options import ReaderOptions, as_asked


def test_every_option_is_automatic_by_default() -> None:
    values = ReaderOptions().model_dump().values()

    assert set(values) == {"auto", ("auto",)}


@pytest.mark.parametrize(
    "options",
    [
        {"delimiter": "ab"},
        {"delimiter": "a"},
        {"delimiter": "€"},
        {"delimiter": '"'},
        {"sentinels": [float("nan")]},
        {"decimal": ";"},
        {"skip_lines": -1},
        {"encoding": "ebcdic"},
        {"sentinels": ["x"]},
        {"unknown": 1},
    ],
)
def test_other_values_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ReaderOptions.model_validate(options)


def test_what_the_request_says_is_its_own_reason() -> None:
    assert as_asked(";").model_dump() == {"value": ";", "chosen_because": "the request says so"}
