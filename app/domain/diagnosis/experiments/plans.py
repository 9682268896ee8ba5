"""The changes that test the causes of a run, and which runs carry them out."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

from app.domain.diagnosis.case import Case
from app.domain.diagnosis.causes import CAUSES
from app.domain.diagnosis.remedy import Draft
from app.domain.specs.job import JobSpec

_CARDS = MappingProxyType({card.code: card for card in CAUSES})
#: What must be the same for two runs to carry out the same experiment. Labels, probes, the device
#: and limits may differ, and so may the seed, unless the experiment is another seed.
_PARTS = ("model", "init", "clipping", "optimizer", "regularization", "dataset")
_OF_TRAINING = ("num_steps", "batch_size", "bptt_length", "precision")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A change that tests one cause, or several that cannot be told apart by it."""

    #: Codes in the given order.
    causes: tuple[str, ...]
    draft: Draft


def plans_of(codes: Sequence[str], case: Case) -> tuple[Plan, ...]:
    """Returns the experiments of causes in their order; each change once."""
    drafts: list[tuple[str, Draft]] = [
        (code, draft)
        for code in codes
        if code in _CARDS and (draft := _CARDS[code].experiment(case)) is not None
    ]
    return tuple(
        Plan(
            causes=tuple(code for code, other in drafts if other.patch == draft.patch),
            draft=draft,
        )
        for position, (_, draft) in enumerate(drafts)
        if draft.patch not in [other.patch for _, other in drafts[:position]]
    )


def carries_out(spec: JobSpec, *, planned: JobSpec, parent: JobSpec) -> bool:
    """Returns whether a run with this spec is the experiment on the parent that was planned."""
    wanted = _essence(planned)
    is_reseeded = spec.training.seed != parent.training.seed
    return _essence(spec) == wanted and (wanted != _essence(parent) or is_reseeded)


def _essence(spec: JobSpec) -> dict[str, object]:
    return {name: getattr(spec, name) for name in _PARTS} | {
        name: getattr(spec.training, name) for name in _OF_TRAINING
    }
