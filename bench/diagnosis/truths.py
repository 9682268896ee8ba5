"""When a finding is right, by what became of the run and what was done to it."""

from collections.abc import Collection

from app.domain.diagnosis.cause import OUTCOMES
from app.domain.diagnosis.relations import causes_of


def is_true(code: str, *, has_failed: bool, leaves: Collection[str]) -> bool:
    """Returns whether a finding that matters is right.

    An outcome is right if the run failed; any other if one of the right causes explains it, too.
    What is only information is right if this is not so.
    """
    if not has_failed:
        return False
    return code in OUTCOMES or not set(causes_of(code)).isdisjoint(leaves)
