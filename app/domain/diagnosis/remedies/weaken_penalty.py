"""Weaken penalties and weight decay by their measured share of the step."""

from pydantic import JsonValue

from app.domain.diagnosis.prose import short, two_digits
from app.domain.diagnosis.remedy import Ailment, Draft, RemedyCard
from app.domain.specs.job import JobSpec

#: Share of the loss's part of a step that a penalty may have, and the least weakening.
SHARE, MAX_FACTOR = 0.01, 0.1
#: Weaker penalties than this are left out.
NEGLIGIBLE = 1e-8


def draw(ailment: Ailment, spec: JobSpec) -> Draft | None:
    """Divides every penalty by the measured ratio; without one there is none left."""
    penalties = spec.regularization
    given = {"l1": penalties.l1, "l2": penalties.l2, "weight_decay": spec.optimizer.weight_decay}
    present = {name: value for name, value in given.items() if value > 0}
    if not present:
        return None
    share = ailment.penalty_share
    factor = min(MAX_FACTOR, SHARE / share) if share else 0.0
    weaker = {name: _weakened(value, factor) for name, value in present.items()}
    decay = weaker.pop("weight_decay", None)
    patch: dict[str, JsonValue] = {}
    if weaker:
        patch["regularization"] = dict(weaker)
    if decay is not None:
        patch["optimizer"] = {"weight_decay": decay}
    return Draft(patch=patch, reason=_reason(share))


def _weakened(value: float, factor: float) -> float:
    weaker = two_digits(value * factor)
    return weaker if weaker >= NEGLIGIBLE else 0.0


def _reason(share: float | None) -> str:
    if not share:
        return "The penalty on the weights keeps the network from fitting the data: leave it out."
    return (
        f"The penalty on the weights has up to {short(share)} times the loss's part of a step. "
        "A weaker one guides the weights without deciding them."
    )


CARD = RemedyCard(
    kind="weaken_penalty",
    summary="Weaken penalties and weight decay by their measured share of the step.",
    source="Krogh & Hertz 1992; amount measured",
    changes=("regularization", "optimizer.weight_decay"),
    cannot_act="There is neither a penalty nor weight decay.",
    causes=frozenset({"penalty_dominates"}),
    draw=draw,
    is_specific=True,
)
