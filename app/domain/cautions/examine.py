"""Examines a table for all cautions."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import assert_never

import numpy as np

from app.domain.cautions.card import ColumnCard, Found, TableCard
from app.domain.cautions.caution import Caution
from app.domain.cautions.codes import CautionCode
from app.domain.cautions.kinds import CAUTIONS
from app.domain.cautions.subject import Subject

#: Rows that are named in one caution.
MAX_ROWS = 5
#: Cautions of one code that are listed.
MAX_OF_A_CODE = 10
#: Cautions of all codes that are listed.
MAX_LISTED = 60


@dataclass(frozen=True, kw_only=True)
class Examined:
    """The cautions of one table."""

    #: In the order of the codes, then of the columns.
    listed: tuple[Caution, ...]
    #: Number of all, also those that are not listed.
    count: int
    #: Name of a column -> the codes of all cautions about it.
    codes: Mapping[str, tuple[CautionCode, ...]]


def examine(subject: Subject) -> Examined:
    # numbers that are too large to be scaled become infinite, and no caution is told of them
    with np.errstate(over="ignore", invalid="ignore"):
        found = list(_find(subject))
    found.sort(key=lambda each: _ORDER[each[0]])
    listed: list[Caution] = []
    codes: dict[str, list[CautionCode]] = {}
    shown: dict[str, int] = {}
    for code, each in found:
        shown[code] = shown.get(code, 0) + 1
        if shown[code] <= MAX_OF_A_CODE and len(listed) < MAX_LISTED:
            listed.append(_caution(subject, code, each))
        if each.column is not None:
            codes.setdefault(each.column, []).append(CautionCode(code))
    of_columns = {name: tuple(dict.fromkeys(each)) for name, each in codes.items()}
    return Examined(listed=tuple(listed), count=len(found), codes=of_columns)


_ORDER = {card.code: place for place, card in enumerate(CAUTIONS)}


def _find(subject: Subject) -> Iterator[tuple[str, Found]]:
    """Yields what was found, column by column, so that few columns are held as numbers at once."""
    of_columns: list[ColumnCard] = []
    for card in CAUTIONS:
        match card:
            case TableCard():
                for each in card.find(subject):
                    yield card.code, each
            case ColumnCard():
                of_columns.append(card)
            case _:
                assert_never(card)
    for view in subject.views():
        for column_card in of_columns:
            found = column_card.find(view)
            if found is not None:
                yield column_card.code, found


def _caution(subject: Subject, code: str, found: Found) -> Caution:
    first = found.rows_n[:MAX_ROWS] + subject.table.first_row
    return Caution(
        code=CautionCode(code),
        column=found.column,
        rows=tuple(int(row) for row in first),
        num_rows=int(found.rows_n.size) or subject.num_rows,
        detail=found.detail,
    )
