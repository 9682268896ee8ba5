"""LSTM's forget gate lets too little of the cell through."""

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
    mean = mean_of_closing_gate(case, short, cell="lstm", gate="forget")
    return None if mean is None else {"forget_gate_mean": mean}


CARD = CauseCard(
    code="closed_forget_gate",
    summary="LSTM's forget gate lets too little of the cell through.",
    tests={"vanishing_gradient": tell},
    evidence=(
        EvidenceKey(
            name="forget_gate_mean",
            unit="1",
            meaning="mean forget gate of the layer in which it is most open",
        ),
    ),
)
