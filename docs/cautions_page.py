"""The page on cautions, from their cards."""

from collections.abc import Iterator
from pathlib import Path

from app.domain.cautions.card import ColumnCard
from app.domain.cautions.examine import MAX_LISTED, MAX_OF_A_CODE, MAX_ROWS
from app.domain.cautions.kinds import CAUTIONS
from app.domain.cautions.subject import MAX_ROWS as MAX_EXAMINED
from docs.tables import joined, table

PAGE = Path(__file__).with_name("cautions.md")

INTRO = f"""
# What is noticed about data, and what to do

Generated from the code by `make docs`; a test compares them.

`profile.cautions` of a data set lists what probably leads to a worse model. Each caution has a
`code`, the `column` (null for the whole table), the numbers of the first {MAX_ROWS} `rows`, how
many rows there are in all (`num_rows`), and a `detail` with the numbers and what to do. At most
{MAX_OF_A_CODE} of one code and {MAX_LISTED} in all are listed, and `num_cautions` counts all;
`columns[].cautions` has the codes of each column. The first {MAX_EXAMINED:,} rows are examined.
Columns are taken to be what the suggestion of
the profile says. A dry run of a job spec warns of the same for the columns and the split of its
own data set.

A caution refuses nothing. None says that data is good; limits are chosen so that healthy series
have none.
"""

LIMITS_INTRO = """
Every number that a caution depends on. Units of 1 have no dimension.
"""


def page() -> str:
    return joined((INTRO, "## Cautions", _cautions(), "## Limits", LIMITS_INTRO, _limits()))


def _cautions() -> str:
    rows = (
        (
            f"`{card.code}`",
            card.summary,
            "one column" if isinstance(card, ColumnCard) else "the table",
            card.advice,
        )
        for card in CAUTIONS
    )
    return table(("caution", "what was noticed", "looks at", "what to change"), rows)


def _limits() -> str:
    return table(("limit", "value", "unit", "meaning", "source"), _rows_of_limits())


def _rows_of_limits() -> Iterator[tuple[str, ...]]:
    for card in CAUTIONS:
        for limit in card.limits:
            name = f"`{card.code}.{limit.name}`"
            yield name, f"{limit.value:g}", limit.unit, limit.meaning, limit.source
