"""The reach of the gradient still grows, so the run is too short."""

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.cause import CauseCard, EvidenceKey
from app.domain.diagnosis.findings import Evidence
from app.domain.diagnosis.reach import reach_trend


def tell(case: Case) -> Evidence | None:
    trend = reach_trend(case)
    if not trend.is_growing or trend.slope is None:
        return None
    return {"horizon_trend_timesteps_per_1000_steps": 1000 * trend.slope.value}


CARD = CauseCard(
    code="reach_still_growing",
    summary="The reach of the gradient still grows, so the run is too short.",
    tests={"no_better_than_baseline": tell},
    evidence=(
        EvidenceKey(
            name="horizon_trend_timesteps_per_1000_steps",
            unit="timesteps/1000 steps",
            meaning="slope of the gradient horizon over the latest stretch of the run",
        ),
    ),
)
