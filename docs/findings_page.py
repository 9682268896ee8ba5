"""The page on findings, their causes and their remedies, from their cards."""

import inspect
from collections.abc import Iterator
from pathlib import Path

from app.domain.diagnosis.cause import FAMILY_SUMMARIES
from app.domain.diagnosis.causes import CAUSES
from app.domain.diagnosis.detectors import DETECTORS
from app.domain.diagnosis.records import RECORDS
from app.domain.diagnosis.relations import (
    causes_of,
    findings_explained_by,
    findings_of,
    remedies_for,
)
from app.domain.diagnosis.remedies import REMEDIES
from app.domain.diagnosis.thresholds import Threshold, thresholds_in
from docs.tables import code_list, joined, table

PAGE = Path(__file__).with_name("findings.md")

INTRO = """
# What can be found, why, and what to change

Generated from the code by `make docs`; a test compares them. `GET /v1/catalog` has the same tables,
`GET /v1/runs/{id}/diagnosis` is the diagnosis of one run.

A detector judges one symptom of a run from its stored telemetry. Where something that it needs is
missing, the symptom is listed in `not_assessed`; a run is not called healthy while an essential
symptom could not be assessed.
"""

THRESHOLDS_INTRO = """
Every number that a finding depends on. A query replaces it in one diagnosis, which changes nothing
that is stored: `?vanishing_gradient.max_ratio=0.05`. Bounds are inclusive. Units of 1 have no
dimension; steps are optimizer steps, `task progress` is 0 at the score of the trivial predictor and
1 at the attainable score.
"""

CAUSES_INTRO = """
A diagnosis weighs all causes at once and lists at most three, the likeliest first, each with its
probability and the numbers of the run. A finding shows the first of them that can explain it. Only
a finding that matters has causes: one above `info` that is not resolved.

Families come first. The probability of a family is the sum of those of its causes. A cause is named
if it is more likely than not, or has at least half of its family's probability; otherwise the
family is named. If no family is more likely than not, the first cause is `undetermined`, and its
experiments are runs whose results would tell the likeliest causes apart.

A cause that the structure of the job or exact physics excludes is not weighed: no truncation
without `bptt_length`, no cause of a later step for numbers that were not finite before the first
update.
"""

EVIDENCE_INTRO = """
A number that was not measured is left out or null.
"""

REMEDIES_INTRO = """
A remedy is a change of the job spec; the answer has the whole changed spec, ready to be posted. It
is advised for the causes that it acts on, by how probable a cure is: the sum over the likely
causes of their probability times the lower bound of the remedy's record. A remedy that leaves
another likely cause in place is joined by a remedy for that. Amounts come from the run's own
numbers. If the likeliest cause is `no_signal`, nothing is advised. After a first forward pass that
was not finite only what changes that pass is advised.
"""

RECORDS_INTRO = """
On how many runs of the benchmark with a known cause a remedy was tried, and how many it cured: the
task was learned with most of three fresh seeds. Remedies of a cause that are not listed were not
tried for it.
"""


def page() -> str:
    return joined(
        (
            INTRO,
            "## Findings",
            _findings(),
            "## Thresholds",
            THRESHOLDS_INTRO,
            _thresholds(),
            "## Causes",
            CAUSES_INTRO,
            _families(),
            _causes(),
            "## Evidence of causes",
            EVIDENCE_INTRO,
            _evidence(),
            "## Remedies",
            REMEDIES_INTRO,
            _remedies(),
            _advice(),
            "## How often remedies cure",
            RECORDS_INTRO,
            _records(),
        )
    )


def _findings() -> str:
    rows = (
        (
            f"`{card.code}`",
            card.summary,
            "yes" if card.is_essential else "",
            " ".join(inspect.getdoc(need) or "" for need in card.needs),
            code_list(causes_of(card.code)),
        )
        for card in DETECTORS
    )
    return table(("finding", "symptom", "essential", "needs", "causes"), rows)


def _thresholds() -> str:
    rows = (
        _threshold(f"{card.code}.{name}", threshold)
        for card in DETECTORS
        for name, threshold in thresholds_in(card.thresholds).items()
    )
    return table(("threshold", "default", "unit", "from", "to", "meaning", "source"), rows)


def _threshold(name: str, threshold: Threshold) -> tuple[str, ...]:
    numbers = (threshold.default, threshold.low, threshold.high)
    default, low, high = (f"{number:g}" for number in numbers)
    return (f"`{name}`", default, threshold.unit, low, high, threshold.meaning, threshold.source)


def _families() -> str:
    rows = ((f"`{family}`", summary) for family, summary in FAMILY_SUMMARIES.items())
    return table(("family", "meaning"), rows)


def _causes() -> str:
    rows = (
        (
            f"`{card.code}`",
            f"`{card.family}`",
            card.summary,
            card.distinction,
            code_list(findings_explained_by(card)),
            code_list(key.name for key in card.evidence),
            card.no_remedy or code_list(remedies_for(card.code)),
        )
        for card in CAUSES
    )
    titles = ("cause", "family", "meaning", "told apart by", "findings", "evidence", "remedies")
    return table(titles, rows)


def _evidence() -> str:
    # several causes may share a key; it means the same in each
    known = {key.name: key for card in CAUSES for key in card.evidence}
    rows = ((f"`{key.name}`", key.unit, key.meaning) for key in known.values())
    return table(("key", "unit", "meaning"), rows)


def _remedies() -> str:
    rows = (
        (f"`{card.kind}`", card.summary, code_list(card.changes), card.cannot_act, card.source)
        for card in REMEDIES
    )
    return table(("remedy", "what to do", "changes", "cannot act", "source"), rows)


def _advice() -> str:
    rows = ((f"`{card.kind}`", code_list(findings_of(card))) for card in REMEDIES)
    return table(("remedy", "findings"), rows)


def _records() -> str:
    return table(("cause", "remedy", "tried", "cured", "without a change"), _tried())


def _tried() -> Iterator[tuple[str, ...]]:
    for cause, of_cause in RECORDS.items():
        for kind in remedies_for(cause):
            one = of_cause.get(kind)
            if one is not None:
                counts = (one.tried, one.cured, one.control_cured)
                yield f"`{cause}`", f"`{kind}`", *map(str, counts)
