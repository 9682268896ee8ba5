"""The data has a value that is NaN or infinite."""

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.cause import CauseCard, Family
from app.domain.diagnosis.measures.scores import BAD_ROWS
from app.domain.diagnosis.origin import find_origin


def is_proven(case: Case) -> bool:
    origin = find_origin(case)
    return origin is not None and origin.where == "input"


CARD = CauseCard(
    code="non_finite_input",
    family=Family.DATA,
    summary="The data has a value that is NaN or infinite.",
    distinction=("The first number that is not finite is in the data itself."),
    explains=frozenset({"non_finite"}),
    is_possible=is_proven,
    is_proven=is_proven,
    evidence=(BAD_ROWS,),
    no_remedy="No change of the job mends a number in the data: the data must be corrected.",
)
