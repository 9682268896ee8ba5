"""The units are saturated, so the derivative of their activation is near 0."""

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.cause import CauseCard, EvidenceKey
from app.domain.diagnosis.findings import Evidence
from app.domain.diagnosis.reach import short_sighting
from app.domain.scopes import ScopeKind

#: Smallest share of activations in the flat part of the non-linearity for which it is the cause.
MIN_SATURATED = 0.5


def tell(case: Case) -> Evidence | None:
    """Holds if every layer is saturated."""
    shares = case.latest("saturated_fraction", ScopeKind.LAYER)
    if short_sighting(case) is None or not shares or min(shares) < MIN_SATURATED:
        return None
    return {"saturated_fraction": min(shares)}


CARD = CauseCard(
    code="saturated_cell",
    summary="The units are saturated, so the derivative of their activation is near 0.",
    tests={"vanishing_gradient": tell},
    evidence=(
        EvidenceKey(
            name="saturated_fraction",
            unit="1",
            meaning="share of activations in the flat part, of the layer with the fewest",
        ),
    ),
)
