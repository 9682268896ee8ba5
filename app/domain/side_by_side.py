"""Where the job specs of several runs differ, and which differ in their seed alone."""

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


#: The only field in which the runs of an arm differ, besides labels.
SEED = "/training/seed"


@dataclass(frozen=True, kw_only=True)
class SeedArm:
    """Runs whose specs are the same except for the seed of training and labels."""

    #: Positions of their specs, ascending.
    members: tuple[int, ...]
    #: Their seeds, in the same order.
    seeds: tuple[int, ...]


def seed_arms(specs: Sequence[JobSpec]) -> tuple[SeedArm, ...]:
    """Returns the arms in the order of their first members. A run that is alone is an arm too."""
    groups: list[list[int]] = []
    for index, spec in enumerate(specs):
        for group in groups:
            changes = spec_differences(specs[group[0]], spec)
            if all(one.pointer == SEED for one in changes):
                group.append(index)
                break
        else:
            groups.append([index])
    return tuple(
        SeedArm(members=tuple(group), seeds=tuple(specs[one].training.seed for one in group))
        for group in groups
    )


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
