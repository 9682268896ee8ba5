"""Measures whether a step's gradient surprises the optimizer that scales it by its past."""

import torch

from app.domain.quantities.probe import ProbeName
from app.domain.quantities.quantity import Cadence, Quantity
from app.domain.scopes import Scope
from app.domain.telemetry import ProbeGap, ScalarReading
from worker.gradients import Tensors
from worker.probes.card import Look, Moment, ProbeCard

SURPRISE, ROOM = "gradient_over_second_moment", "second_moment_over_eps"
#: Keeps 0 / 0 from being NaN: an entry whose gradient was always 0 counts as 0.
_TINY = 1e-60
Found = ScalarReading | ProbeGap


def measure_second_moment(look: Look) -> tuple[Found, ...]:
    """Measures the RMS of g / sqrt(v) of each tensor, and of all."""
    update = look.update
    if update is None or update.second_moments is None:
        return ()
    squares = [
        (gradient.double().square() / moment.double().clamp(_TINY)).mean()
        for gradient, moment in zip(update.given_gradients, update.second_moments, strict=True)
    ]
    by_tensor = [
        look.reading(SURPRISE, Scope.tensor(name), float(square.sqrt()))
        for name, square in zip(update.names, squares, strict=True)
    ]
    sizes = [moment.numel() for moment in update.second_moments]
    mean = sum(float(square) * size for square, size in zip(squares, sizes, strict=True))
    whole = look.reading(SURPRISE, Scope.model(), (mean / sum(sizes)) ** 0.5)
    return (whole, *by_tensor, _room(look, update.second_moments, update.eps))


def _room(look: Look, moments: Tensors, eps: float) -> ScalarReading:
    roots = torch.cat([moment.double().sqrt().flatten() for moment in moments])
    return look.reading(ROOM, Scope.model(), float(roots.median()) / eps)


CARD = ProbeCard(
    quantities=(
        Quantity(
            name=SURPRISE,
            unit="1",
            formula="RMS of g / sqrt(v), v the corrected mean of g²; > 1 = larger than usual",
            reduction="RMS over the tensor's entries",
            cost="a pass over the weights",
            source="Wortsman et al. 2023",
            cadence=Cadence.PROBE,
            is_per_tensor=True,
        ),
        Quantity(
            name=ROOM,
            unit="1",
            formula="sqrt(v) / eps of the optimizer; below about 10 its steps are not scale-free",
            reduction="median over all weights",
            cost="a pass over the weights",
            source="measured",
            cadence=Cadence.PROBE,
        ),
    ),
    names=tuple(
        ProbeName(name=name, tier="standard", needs="optimizer that keeps a mean of g²")
        for name in (SURPRISE, ROOM)
    ),
    moment=Moment.AFTER_UPDATE,
    measure=measure_second_moment,
)
