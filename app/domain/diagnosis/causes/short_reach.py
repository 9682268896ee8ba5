"""The gradient does not reach the lag that the task needs."""

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.cause import CauseCard, EvidenceKey
from app.domain.diagnosis.findings import Evidence
from app.domain.diagnosis.reach import Reach, sightings


def tell(case: Case) -> Evidence | None:
    """Judges by the latest probe only."""
    seen = sightings(case)
    if not seen or seen[-1].reach is not Reach.SHORT:
        return None
    return {
        "gradient_horizon_timesteps": seen[-1].profile.horizon.value,
        "required_lag_timesteps": seen[-1].ratio.lag,
    }


CARD = CauseCard(
    code="short_reach",
    summary="The gradient does not reach the lag that the task needs.",
    tests={"no_better_than_baseline": tell},
    evidence=(
        EvidenceKey(
            name="gradient_horizon_timesteps",
            unit="timesteps",
            meaning="largest lag up to which the gradient norm stays above 1 % of that at lag 0",
        ),
        EvidenceKey(
            name="required_lag_timesteps",
            unit="timesteps",
            meaning="how far back the target depends on the input",
        ),
    ),
)
