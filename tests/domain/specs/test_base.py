"""What the families of specs are made with."""

from typing import Annotated

import pytest
from pydantic import TypeAdapter, ValidationError

from app.domain.specs.base import one_of

Colour = TypeAdapter[str](Annotated[str, one_of(["red", "blue"])])


def test_a_word_is_one_of_those_that_were_named() -> None:
    assert Colour.validate_python("red") == "red"
    with pytest.raises(ValidationError, match="'red' or 'blue'"):
        Colour.validate_python("green")
    assert Colour.json_schema() == {"enum": ["red", "blue"], "type": "string"}
