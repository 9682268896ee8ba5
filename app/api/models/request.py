"""The base class of bodies and queries, and what several bodies have."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, JsonValue

from app.domain.specs.base import AtMost
from app.domain.specs.job import JobSpec

#: A merge patch of a job spec.
Patch = Annotated[dict[str, JsonValue], AtMost(most=len(JobSpec.model_fields))]


class RequestModel(BaseModel):
    """Part of a request. Unknown fields are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
