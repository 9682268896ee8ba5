"""A caution as the profile of an upload has it."""

from pydantic import BaseModel, ConfigDict

from app.domain.cautions.codes import CautionCode


class Caution(BaseModel):
    """Something in the data that probably leads to a worse model, or to none."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    code: CautionCode
    """Code of the caution."""
    column: str | None
    """Null if it is about the whole table."""
    rows: tuple[int, ...]
    """Numbers of the first rows that are meant; the header is row 1. Empty if all are meant."""
    num_rows: int
    """Number of all rows that are meant."""
    detail: str
    """The numbers, and what to do."""
