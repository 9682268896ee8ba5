"""A range of steps as conditions: both ends are included, and either may be open."""

from sqlalchemy import ColumnElement


def steps_between(
    step: ColumnElement[int], from_step: int | None, to_step: int | None
) -> tuple[ColumnElement[bool], ...]:
    low = () if from_step is None else (step >= from_step,)
    return low if to_step is None else (*low, step <= to_step)
