"""Updates are too small to learn the task in the run's steps."""

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.cause import CauseCard, EvidenceKey
from app.domain.diagnosis.detectors.no_better_than_baseline import BaselineThresholds
from app.domain.diagnosis.findings import Evidence
from app.domain.diagnosis.trends import finite_median


def tell(case: Case) -> Evidence | None:
    ratio = finite_median(case.scalar("update_ratio"))
    if ratio is None or ratio >= case.thresholds.of(BaselineThresholds).min_update_ratio:
        return None
    return {"update_ratio": ratio}


CARD = CauseCard(
    code="learning_rate_too_low",
    summary="Updates are too small to learn the task in the run's steps.",
    tests={"no_better_than_baseline": tell},
    evidence=(
        EvidenceKey(
            name="update_ratio",
            unit="1",
            meaning="median of ||update|| / ||weights|| over the steps",
        ),
    ),
)
