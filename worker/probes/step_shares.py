"""Measures what penalties and weight decay contribute to a step, beside what the loss does."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from app.domain.quantities.probe import ProbeName
from app.domain.quantities.quantity import Cadence, Quantity
from app.domain.scopes import Scope
from app.domain.telemetry import ProbeGap, ScalarReading
from worker.gradients import Tensors, tensor_norms, total_norm
from worker.probes.card import Look, Moment, ProbeCard

_PENALTY = ("penalty_share", "penalty_cosine")
_DECAY = ("decay_share", "decay_cosine")
Found = ScalarReading | ProbeGap


def measure_step_shares(look: Look) -> tuple[Found, ...]:
    """Compares the penalties with the loss by gradient, and a decoupled decay by change."""
    update = look.update
    if update is None:
        return ()
    changes = [
        after - before - decay
        for before, after, decay in zip(
            update.weights_before, update.weights_after, update.decays, strict=True
        )
    ]
    return (
        *_compared(look, _PENALTY, update.penalty_gradients, update.loss_gradients),
        *_compared(look, _DECAY, update.decays, changes),
    )


def _compared(look: Look, names: Sequence[str], part: Tensors, whole: Tensors) -> Iterator[Found]:
    """Yields ||part|| / ||whole|| and their cosine, which is not defined where one of them is 0."""
    share, cosine = names
    part_norm, whole_norm = (total_norm(torch.stack(tensor_norms(one))) for one in (part, whole))
    if not float(whole_norm) > 0:
        reason = "what the loss contributes is exactly 0 or not finite"
        yield from (look.gap(name, Scope.model(), reason) for name in names)
        return
    yield look.reading(share, Scope.model(), float(part_norm / whole_norm))
    if float(part_norm) > 0:
        dot = _dot(part, whole, part_norm, whole_norm)
        yield look.reading(cosine, Scope.model(), float(dot))


def _dot(first: Tensors, second: Tensors, first_norm: Tensor, second_norm: Tensor) -> Tensor:
    """Returns the scalar product of the two as unit vectors."""
    dot: Tensor = sum(
        ((one.double() / first_norm) * (other.double() / second_norm)).sum()
        for one, other in zip(first, second, strict=True)
    )  # type: ignore[assignment]
    return dot


CARD = ProbeCard(
    quantities=(
        Quantity(
            name="penalty_share",
            unit="1",
            formula="||gradient of l1, l2 and an added weight decay|| / ||gradient of the loss||",
            reduction="L2 over all weights, before clipping",
            cost="a few passes over the weights",
            source="measured",
            cadence=Cadence.PROBE,
        ),
        Quantity(
            name="penalty_cosine",
            unit="1",
            formula="cosine of those two gradients; -1 = they balance",
            reduction="one cosine over all weights",
            cost="none: computed with penalty_share",
            source="measured",
            cadence=Cadence.PROBE,
        ),
        Quantity(
            name="decay_share",
            unit="1",
            formula="||rate · decay · weights|| / ||the rest of the change||, decoupled decay",
            reduction="L2 over all weights",
            cost="none: computed with penalty_share",
            source="Loshchilov & Hutter 2019",
            cadence=Cadence.PROBE,
        ),
        Quantity(
            name="decay_cosine",
            unit="1",
            formula="cosine of the decay's change and the rest of the change; -1 = they balance",
            reduction="one cosine over all weights",
            cost="none: computed with penalty_share",
            source="measured",
            cadence=Cadence.PROBE,
        ),
    ),
    names=tuple(ProbeName(name=name, tier="standard") for name in (*_PENALTY, *_DECAY)),
    moment=Moment.AFTER_UPDATE,
    measure=measure_step_shares,
)
