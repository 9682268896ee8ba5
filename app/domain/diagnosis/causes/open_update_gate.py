"""GRU's update gate keeps too little of the state."""

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.cause import CauseCard, EvidenceKey
from app.domain.diagnosis.findings import Evidence
from app.domain.diagnosis.reach import short_sighting
from app.domain.diagnosis.recurrence import mean_of_closing_gate


def tell(case: Case) -> Evidence | None:
    """Holds if the mean gate alone brings the gradient at the required lag below the threshold."""
    short = short_sighting(case)
    if short is None:
        return None
    mean = mean_of_closing_gate(case, short, cell="gru", gate="update")
    return None if mean is None else {"update_gate_mean": mean}


CARD = CauseCard(
    code="open_update_gate",
    summary="GRU's update gate keeps too little of the state.",
    tests={"vanishing_gradient": tell},
    evidence=(
        EvidenceKey(
            name="update_gate_mean",
            unit="1",
            meaning="mean share of the state that is kept, of the layer that keeps most",
        ),
    ),
)
