"""Which run led to a run, and what for."""

from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from app.domain.specs.base import Spec

#: Codes of the rules of a lineage.
PURPOSE_CODES = ("remedy_missing", "remedy_without_purpose")


class RunPurpose(StrEnum):
    """What a run was made for, beside the run that it descends from."""

    #: The untreated run of a trial, with another seed.
    CONTROL = "control"
    #: The run with a remedy.
    REMEDY = "remedy"
    #: A run whose result tells two causes apart.
    EXPERIMENT = "experiment"


class LineageSpec(Spec):
    """The run that led to a run, and what the run is for."""

    parent: UUID
    """The run of this workspace whose remedy or cause is tried."""
    purpose: RunPurpose
    """`control`: the parent without a change. `remedy`: the parent with a remedy. `experiment`: a
    run whose result tells causes of the parent apart; when it has ended, the parent is judged
    again."""
    remedy: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")] | None = None
    """Kind of the remedy, which the catalogue lists; for `purpose: remedy`, and null otherwise."""

    @model_validator(mode="after")
    def _remedy_fits_the_purpose(self) -> Self:
        is_remedy = self.purpose is RunPurpose.REMEDY
        if is_remedy and self.remedy is None:
            raise PydanticCustomError(
                "remedy_missing",
                "lineage.remedy must name the kind of the remedy that a run with purpose remedy "
                "tries",
            )
        if not is_remedy and self.remedy is not None:
            raise PydanticCustomError(
                "remedy_without_purpose",
                "lineage.remedy is only for purpose remedy, not for {purpose}",
                {"purpose": self.purpose.value},
            )
        return self
