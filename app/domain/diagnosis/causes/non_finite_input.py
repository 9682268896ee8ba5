"""The data has a value that is NaN or infinite."""

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.cause import CauseCard, EvidenceKey
from app.domain.diagnosis.findings import Evidence
from app.domain.diagnosis.origin import find_origin


def tell(case: Case) -> Evidence | None:
    origin = find_origin(case)
    if origin is None or origin.where != "input":
        return None
    return {"batch_rows": list(origin.batch_rows)}


CARD = CauseCard(
    code="non_finite_input",
    summary="The data has a value that is NaN or infinite.",
    tests={"non_finite": tell},
    evidence=(
        EvidenceKey(
            name="batch_rows",
            unit="indices",
            meaning="sequences of the batch that have such a value",
        ),
    ),
)
