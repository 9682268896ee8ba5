"""Chooses the remedies for likely causes, each with the job spec that results from it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from pydantic import JsonValue

from app.domain.diagnosis.cost import times_the_cost
from app.domain.diagnosis.order_of_advice import in_order_of_advice
from app.domain.diagnosis.record import Records
from app.domain.diagnosis.records import RECORDS
from app.domain.diagnosis.remedies import REMEDIES
from app.domain.diagnosis.remedy import Ailment, Draft, Patch, Remedy, RemedyCard
from app.domain.lineage import can_fork
from app.domain.specs.job import JobSpec
from app.domain.specs.patch import as_document, patched

#: Least probability of a cause that remedies are drawn for.
MIN_PROBABILITY = 0.1
#: Least probability of a cause that a remedy for another cause must not leave in place.
MIN_PROBABILITY_BESIDE = 0.3
#: The cause that no change of a job spec removes.
NO_SIGNAL = "no_signal"


def prescribe(ailment: Ailment, spec: JobSpec, *, records: Records = RECORDS) -> tuple[Remedy, ...]:
    """Returns remedies, those that cure most often first; each body is valid and differs.

    Returns none if the likeliest cause is that there is nothing to learn.
    """
    ranked = sorted(ailment.likely.items(), key=lambda one: -one[1])
    likely = {code: probability for code, probability in ranked if probability >= MIN_PROBABILITY}
    if not likely or next(iter(likely)) == NO_SIGNAL:
        return ()
    advice = _Advice(ailment=ailment, likely=likely, spec=spec, records=records)
    return tuple(advice.remedies())


@dataclass(frozen=True, kw_only=True)
class _Advice:
    """What is advised for one run."""

    ailment: Ailment
    #: Probabilities of the causes that remedies are drawn for.
    likely: Mapping[str, float]
    spec: JobSpec
    records: Records

    def remedies(self) -> Iterator[Remedy]:
        """Yields the remedies that can act, in the order of advice."""
        for card in in_order_of_advice(self.likely, records=self.records, costs=self.costs):
            draft = self.drafts.get(card.kind)
            if draft is not None:
                yield self._remedy(card, self._with_companions(card, draft))

    @cached_property
    def drafts(self) -> Mapping[str, Draft]:
        """The drafts of the remedies that can act on the run, by their kinds."""
        drawn = (
            (card.kind, self._draft(card, self.spec))
            for card in REMEDIES
            if not card.causes.isdisjoint(self.likely)
        )
        return {kind: draft for kind, draft in drawn if draft is not None}

    @cached_property
    def costs(self) -> Mapping[str, float]:
        """The time that a run with each draft takes, in times that of the run."""
        return {
            kind: times_the_cost(
                patched(self.spec, draft.patch), self.spec, shape=self.ailment.shape
            )
            for kind, draft in self.drafts.items()
        }

    def _remedy(self, card: RemedyCard, draft: Draft) -> Remedy:
        treated = patched(self.spec, draft.patch)
        acted_on = max(card.causes & self.likely.keys(), key=lambda code: self.likely[code])
        return Remedy(
            kind=card.kind,
            patch=draft.patch,
            reason=draft.reason,
            source=card.source,
            body=as_document(treated),
            fork_step=self._fork_step(draft, treated),
            record=self.records.get(acted_on, {}).get(card.kind),
        )

    def _fork_step(self, draft: Draft, treated: JobSpec) -> int | None:
        """Returns the best step if the run can go on from there with the change."""
        step = self.ailment.fork_step
        is_far_enough = step is not None and step < treated.training.num_steps
        return step if is_far_enough and can_fork(self.spec, draft.patch, treated) else None

    def _draft(self, card: RemedyCard, spec: JobSpec) -> Draft | None:
        """Returns the draft; None for a change of the updates if the first forward pass failed."""
        if not self.ailment.starts_finite and not card.changes_the_start:
            return None
        return card.draw(self.ailment, spec)

    def _with_companions(self, card: RemedyCard, draft: Draft) -> Draft:
        """Returns the draft that also removes the other causes that are likely.

        For each of them the best remedy joins that can act on the treated spec and changes other
        fields.
        """
        whole, changed = draft, {*card.changes}
        for code, probability in self.likely.items():
            if code in card.causes or probability < MIN_PROBABILITY_BESIDE:
                continue
            for other in self._companions(code, changed):
                joined = self._joined(whole, other)
                if joined is not None:
                    whole, changed = joined, changed | {*other.changes}
                    break
        return whole

    def _companions(self, cause: str, changed: set[str]) -> Iterator[RemedyCard]:
        """Yields the remedies for a cause that leave the changed fields as they are."""
        for card in in_order_of_advice({cause: 1.0}, records=self.records, costs=self.costs):
            is_free = not any(_overlap(path, other) for path in card.changes for other in changed)
            if is_free and card.joins_others:
                yield card

    def _joined(self, first: Draft, card: RemedyCard) -> Draft | None:
        second = self._draft(card, patched(self.spec, first.patch))
        if second is None:
            return None
        return Draft(
            patch=_merged(first.patch, second.patch), reason=f"{first.reason} {second.reason}"
        )


def _overlap(path: str, other: str) -> bool:
    """Returns whether one field is the other or a part of it."""
    return f"{path}.".startswith(f"{other}.") or f"{other}.".startswith(f"{path}.")


def _merged(first: Patch, second: Patch) -> Patch:
    """Returns both patches as one; they change different fields."""
    merged: dict[str, JsonValue] = dict(first)
    for name, change in second.items():
        present = merged.get(name)
        if isinstance(present, dict) and isinstance(change, dict):
            merged[name] = dict(_merged(present, change))
        else:
            merged[name] = change
    return merged
