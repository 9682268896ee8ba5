"""Chooses the remedies for a finding, each with the job spec that results from it."""

from app.domain.diagnosis.remedies import REMEDIES
from app.domain.diagnosis.remedy import Ailment, Remedy, RemedyCard
from app.domain.specs.job import JobSpec
from app.domain.specs.patch import as_document, patched


def prescribe(ailment: Ailment, spec: JobSpec) -> tuple[Remedy, ...]:
    """Returns remedies in the order of advice; each body is valid and differs from the spec."""
    drawn = (_drawn(card, ailment, spec) for card in REMEDIES if card.acts_on(ailment))
    return tuple(remedy for remedy in drawn if remedy is not None)


def _drawn(card: RemedyCard, ailment: Ailment, spec: JobSpec) -> Remedy | None:
    draft = card.draw(ailment, spec)
    if draft is None:
        return None
    treated = patched(spec, draft.patch)
    return Remedy(
        kind=card.kind,
        patch=draft.patch,
        reason=draft.reason,
        source=card.source,
        body=as_document(treated),
    )
