"""Are some classes rare?"""

from collections.abc import Iterator

import numpy as np

from app.domain.cautions.card import Found, Limit, TableCard
from app.domain.cautions.subject import Subject, find_column
from app.domain.cautions.words import counted, percent

CODE = "class_imbalance"
#: Fewest sequences or rows with a label.
MIN_LABELS = 20

MAX_RATIO = Limit(
    name="max_ratio",
    value=8,
    unit="1",
    meaning="sequences, or rows, of the most frequent class over those of the rarest",
)


def find(subject: Subject) -> Iterator[Found]:
    label = find_column(subject.table, subject.roles.label)
    if label is None:
        return
    codes_N, classes = label.groups()
    codes_N = codes_N[subject.rows_N]
    is_of_sequence = bool((np.diff(codes_N)[~subject.is_first[1:]] == 0).all())
    codes_n = codes_N[subject.starts_S] if is_of_sequence else codes_N
    codes_n = codes_n[codes_n >= 0]
    if codes_n.size < MIN_LABELS:
        return
    count_V = np.bincount(codes_n, minlength=len(classes))
    (present,) = np.nonzero(count_V)
    rare = int(present[np.argmin(count_V[present])])
    often = int(np.argmax(count_V))
    if present.size < 2 or count_V[often] < MAX_RATIO.value * count_V[rare]:  # noqa: PLR2004 - a pair
        return
    noun = "sequence" if is_of_sequence else "row"
    detail = (
        f"column {label.name!r}: class {classes[often][:40]!r} has "
        f"{counted(int(count_V[often]), noun)} ({percent(count_V[often] / codes_n.size)}) and "
        f"class {classes[rare][:40]!r} has {counted(int(count_V[rare]), noun)}. A model that "
        "never predicts the rare class has a high accuracy: set dataset.class_weights or "
        "dataset.sampling to balanced, and read balanced_accuracy and macro_f1."
    )
    (rows_n,) = np.nonzero(label.groups()[0] == rare)
    yield Found(column=label.name, detail=detail, rows_n=rows_n)


CARD = TableCard(
    code=CODE,
    summary="Some classes of a label are rare.",
    advice="`dataset.class_weights` or `dataset.sampling`.",
    limits=(MAX_RATIO,),
    find=find,
)
