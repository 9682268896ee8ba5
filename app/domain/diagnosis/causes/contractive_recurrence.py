"""The recurrent Jacobian shrinks the gradient."""

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.cause import CauseCard, EvidenceKey
from app.domain.diagnosis.evidence import number
from app.domain.diagnosis.findings import Evidence
from app.domain.diagnosis.reach import short_sighting
from app.domain.diagnosis.recurrence import MATRIX_KEYS, matrix_evidence


def tell(case: Case) -> Evidence | None:
    """Holds for every short reach; the causes before it in the list are more specific."""
    short = short_sighting(case)
    if short is None:
        return None
    return {
        **matrix_evidence(case),
        "decay_rate_nats_per_timestep": number(short.profile.decay_rate),
    }


CARD = CauseCard(
    code="contractive_recurrence",
    summary="The recurrent Jacobian shrinks the gradient.",
    tests={"vanishing_gradient": tell},
    evidence=(
        *MATRIX_KEYS,
        EvidenceKey(
            name="decay_rate_nats_per_timestep",
            unit="nats/timestep",
            meaning="slope of the log gradient norm over the lag; below 0 it shrinks",
        ),
    ),
)
