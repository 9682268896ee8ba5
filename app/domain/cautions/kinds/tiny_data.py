"""Is there too little to learn from?"""

from collections.abc import Iterator

from app.domain.cautions.card import Found, Limit, TableCard
from app.domain.cautions.subject import Subject
from app.domain.cautions.words import counted

CODE = "tiny_data"

MIN_ROWS = Limit(name="min_rows", value=100, unit="rows", meaning="rows of all series together")
MIN_SEQUENCES = Limit(
    name="min_sequences", value=30, unit="sequences", meaning="labelled sequences"
)


def find(subject: Subject) -> Iterator[Found]:
    num_sequences = subject.starts_S.size
    is_labelled = subject.roles.train_share is None
    if is_labelled and num_sequences < MIN_SEQUENCES.value:
        least = int(MIN_SEQUENCES.value)
        detail = f"there {_are(num_sequences, 'sequence')}; below {least}, "
    elif not is_labelled and subject.num_rows < MIN_ROWS.value:
        detail = f"there {_are(subject.num_rows, 'row')}; below {int(MIN_ROWS.value)}, "
    else:
        return
    detail += (
        "scores of validation and test are mostly chance, and a network learns the training part "
        "by heart. Upload more data, or take a small network with weight decay and compare its "
        "scores with the baselines over several seeds."
    )
    yield Found(column=None, detail=detail)


def _are(count: int, noun: str) -> str:
    return f"{'is' if count == 1 else 'are'} {counted(count, noun)}"


CARD = TableCard(
    code=CODE,
    summary="There are few rows or sequences.",
    advice="Upload more data, or take a small network and several seeds.",
    limits=(MIN_ROWS, MIN_SEQUENCES),
    find=find,
)
