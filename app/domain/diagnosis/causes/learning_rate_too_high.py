"""Each update changes the weights by a large share of their norm."""

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.cause import CauseCard, EvidenceKey
from app.domain.diagnosis.detectors.non_finite import NonFiniteThresholds
from app.domain.diagnosis.findings import Evidence
from app.domain.diagnosis.trends import finite_median


def tell(case: Case) -> Evidence | None:
    ratio = finite_median(case.scalar("update_ratio"))
    if ratio is None or ratio <= case.thresholds.of(NonFiniteThresholds).max_update_ratio:
        return None
    return {"update_ratio": ratio}


CARD = CauseCard(
    code="learning_rate_too_high",
    summary="Each update changes the weights by a large share of their norm.",
    tests={
        "exploding_gradient": tell,
        "non_finite": tell,
        "clipping_masks_explosion": tell,
        "no_better_than_baseline": tell,
    },
    evidence=(
        EvidenceKey(
            name="update_ratio",
            unit="1",
            meaning="median of ||update|| / ||weights|| over the steps",
        ),
    ),
)
