"""The recurrent Jacobian shrinks the gradient."""

from collections.abc import Mapping

from pydantic import JsonValue

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.cause import OUTCOMES, CauseCard, Family
from app.domain.diagnosis.measures.memory import (
    DECAY_RATE,
    RATIO,
    REQUIRED_LAG,
    SIGMA_MAX,
    SPECTRAL_RADIUS,
)
from app.domain.diagnosis.possibility import is_gated, is_sequential
from app.domain.diagnosis.remedy import Draft


def is_possible(case: Case) -> bool:
    """Returns whether the cell has a recurrence without gates that keep its state."""
    return is_sequential(case) and not is_gated(case)


def experiment(case: Case) -> Draft:
    model = case.spec.model
    gated: Mapping[str, JsonValue] = {
        "kind": "gru",
        "hidden_size": model.hidden_size,
        "num_layers": model.num_layers,
        "bidirectional": model.bidirectional,
        "dropout": model.dropout,
    }
    return Draft(
        patch={"model": dict(gated), "init": {"recurrent": {"kind": "orthogonal", "gain": 1.0}}},
        reason="If a gated cell learns the task, the recurrence is too contractive.",
    )


CARD = CauseCard(
    code="contractive_recurrence",
    family=Family.SHORT_MEMORY,
    summary="The recurrent Jacobian shrinks the gradient.",
    distinction=(
        "The gradient decays steadily with the lag from the first step on, without saturated "
        "or dead units, and does not reach further over training; a radius that fell later is "
        "a matter of the learning rate or a penalty."
    ),
    explains=OUTCOMES | {"vanishing_gradient", "poor_initialization"},
    is_possible=is_possible,
    evidence=(
        SPECTRAL_RADIUS,
        SIGMA_MAX,
        DECAY_RATE,
        REQUIRED_LAG,
        RATIO,
    ),
    experiment=experiment,
)
