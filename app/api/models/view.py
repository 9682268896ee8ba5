"""The base class of all answers."""

from typing import Self

from pydantic import BaseModel, ConfigDict


class View(BaseModel):
    """Part of an answer. Numbers that are not finite become null in JSON."""

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="null", use_attribute_docstrings=True)

    @classmethod
    def of(cls, source: object, **given: object) -> Self:
        """A view with `source`'s attributes of the same names, except for those `given`.

        Values are converted to the types of the fields, parts to the views of the parts.
        """
        fields = {
            name: given[name] if name in given else getattr(source, name)
            for name in cls.model_fields
        }
        return cls.model_validate(fields, from_attributes=True)
