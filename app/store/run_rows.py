"""A row of `runs` as the domain's Run."""

from pydantic import TypeAdapter
from sqlalchemy import RowMapping

from app.domain.runs import Run

#: Each field is the column of its name, converted to the field's type; other columns are left out.
_RUN = TypeAdapter(Run)


def run_of(row: RowMapping) -> Run:
    """The run of a row that has every column of `runs`."""
    return _RUN.validate_python(dict(row))
