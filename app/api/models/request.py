"""The base class of bodies and queries."""

from pydantic import BaseModel, ConfigDict


class RequestModel(BaseModel):
    """Part of a request. Unknown fields are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
