"""How much of what is known to be attainable a run has reached, on one split.

A mechanism that keeps a run from learning shows on the training part, and overfitting does not.
"""

import numpy as np

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.outcome import outcome_of
from app.domain.scopes import Split


def reached(case: Case, split: Split) -> float | None:
    """Returns (floor - score) / (floor - expected score) of the latest scores.

    Without an expected score that is better than the floor it is the gain over the floor, relative
    to it. Returns None without a baseline or without scores of the split.
    """
    outcome = outcome_of(case)
    found = None if outcome is None else {"train": outcome.train}.get(split, outcome.validation)
    return None if found is None else float(found.improvements_of(np.array([found.score]))[0])


def is_trained(case: Case) -> bool:
    """Returns whether the training part is learned, as far as is known."""
    outcome = outcome_of(case)
    return outcome is not None and outcome.train is not None and outcome.train.has_learned
