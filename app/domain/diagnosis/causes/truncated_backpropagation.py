"""`bptt_length` cuts the gradient before the lag that the task needs."""

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.cause import CauseCard, EvidenceKey
from app.domain.diagnosis.findings import Evidence
from app.domain.diagnosis.reach import short_sighting


def tell(case: Case) -> Evidence | None:
    short = short_sighting(case)
    length = case.spec.training.bptt_length
    if short is None or length is None or length > short.ratio.lag:
        return None
    return {"bptt_length_timesteps": length}


CARD = CauseCard(
    code="truncated_backpropagation",
    summary="`bptt_length` cuts the gradient before the lag that the task needs.",
    tests={"vanishing_gradient": tell},
    evidence=(
        EvidenceKey(
            name="bptt_length_timesteps",
            unit="timesteps",
            meaning="timesteps through which the gradient flows back",
        ),
    ),
)
