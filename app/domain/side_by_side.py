"""Where the job specs of several runs differ."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from app.domain.comparison import spec_differences
from app.domain.specs.job import JobSpec

#: Runs that are compared at most: more curves cannot be told apart in one chart.
MAX_RUNS = 12


@dataclass(frozen=True, kw_only=True)
class SpecField:
    """A field that is not the same in all specs."""

    #: JSON pointer into the spec.
    pointer: str
    #: One value for each spec; None where a spec has no such field.
    values: tuple[JsonValue, ...]


def differing_fields(specs: Sequence[JobSpec]) -> tuple[SpecField, ...]:
    """Returns the fields that differ, defaults included and labels left out.

    Fields come in the order in which specs declare them, those of the first spec first.
    """
    if not specs:
        return ()
    first, *others = specs
    changes = [{one.pointer: one for one in spec_differences(first, other)} for other in others]
    pointers = dict.fromkeys(pointer for known in changes for pointer in known)
    return tuple(
        SpecField(
            pointer=pointer,
            values=(
                next(known[pointer].base for known in changes if pointer in known),
                *(
                    known[pointer].arm
                    if pointer in known
                    else next(one[pointer].base for one in changes if pointer in one)
                    for known in changes
                ),
            ),
        )
        for pointer in pointers
    )
