"""The base class of bodies and queries, and what several bodies have."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, JsonValue

from app.domain.specs.base import AtMost
from app.domain.specs.job import JobSpec

#: A merge patch of a job spec.
Patch = Annotated[dict[str, JsonValue], AtMost(most=len(JobSpec.model_fields))]


def _separated(value: object) -> object:
    """Splits the texts of a repeatable parameter at commas."""
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        return value
    return [word for text in value for word in text.split(",")]


#: For a repeatable parameter whose values may also be separated by commas.
COMMAS = BeforeValidator(_separated)


class RequestModel(BaseModel):
    """Part of a request. Unknown fields are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
