"""Conditions on the step of a row."""

from sqlalchemy import ColumnElement


def steps_between(
    step: ColumnElement[int], from_step: int | None, to_step: int | None
) -> tuple[ColumnElement[bool], ...]:
    """Returns conditions for `from_step` ≤ `step` ≤ `to_step`; None leaves that end open."""
    low = () if from_step is None else (step >= from_step,)
    return low if to_step is None else (*low, step <= to_step)
