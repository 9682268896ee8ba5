"""From an ailment to remedies, from a remedy to a job spec."""

from app.domain.remedies.registry import REMEDIES
from app.domain.remedies.remedy import Ailment, Patch, Remedy, RemedyRule
from app.domain.specs.job import JobSpec
from app.domain.specs.patch import as_document, patched


def prescribe(ailment: Ailment, spec: JobSpec) -> tuple[Remedy, ...]:
    """Remedies in the order of advice; each body is valid and differs from the spec."""
    drawn = (_drawn(rule, ailment, spec) for rule in REMEDIES if rule.acts_on(ailment))
    return tuple(remedy for remedy in drawn if remedy is not None)


def apply(patch: Patch, spec: JobSpec) -> JobSpec:
    """The spec with a remedy's patch. Raises pydantic.ValidationError when it is not valid."""
    return patched(spec, patch)


def _drawn(rule: RemedyRule, ailment: Ailment, spec: JobSpec) -> Remedy | None:
    draft = rule.draw(ailment, spec)
    if draft is None:
        return None
    treated = apply(draft.patch, spec)
    return Remedy(
        kind=rule.kind,
        patch=draft.patch,
        reason=draft.reason,
        source=rule.source,
        body=as_document(treated),
    )
