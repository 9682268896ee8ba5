"""Measures the noise of the loss gradient, and its angle to the gradient at the probe before."""

import torch
from torch import Tensor

from app.domain.quantities.probe import ProbeName
from app.domain.quantities.quantity import Cadence, Quantity
from app.domain.scopes import Scope
from app.domain.telemetry import ProbeGap, ScalarReading
from worker.probes.card import Look, ProbeCard
from worker.replay.sample_gradients import SampleGradient, sample_gradient

NOISE_SCALE, AGREEMENT = "gradient_noise_scale", "gradient_agreement"
#: Equal parts whose differences give the noise. Two would suffice, but give a noisier estimate.
NUM_PARTS = 8
#: A limit, since the gradient is kept in double precision from one probe to the next.
MAX_PARAMETERS = 20_000_000
Found = ScalarReading | ProbeGap


def measure_loss_gradient(look: Look) -> tuple[Found, ...]:
    """Measures `gradient_noise_scale` and `gradient_agreement`; keeps the gradient."""
    parts = (look.model.layers, look.model.readout)
    size = sum(parameter.numel() for part in parts for parameter in part.parameters())
    if size > MAX_PARAMETERS:
        return _gaps(look, f"the network has {size} parameters, more than {MAX_PARAMETERS}")
    gradient = sample_gradient(look.model, look.sample, num_parts=NUM_PARTS)
    if not bool(gradient.mean_P.isfinite().all()):
        return _gaps(look, "the gradient is not finite")
    found = (_noise_scale(look, gradient), _agreement(look, gradient.mean_P))
    look.kept[AGREEMENT] = gradient.mean_P
    return found


def _noise_scale(look: Look, gradient: SampleGradient) -> Found:
    """Trace of Σ / ‖G‖², from the norms at two batch sizes (McCandlish et al. 2018, A.1)."""
    small = gradient.part_size
    large = small * gradient.num_parts
    if small == large:
        return look.gap(NOISE_SCALE, Scope.model(), "the sample has one sequence")
    square_of_mean = float(gradient.mean_P.square().sum())
    noise = (gradient.mean_square - square_of_mean) / (1 / small - 1 / large)
    signal = (large * square_of_mean - small * gradient.mean_square) / (large - small)
    if signal <= 0:
        reason = f"the gradient of {large} sequences is lost in its noise"
        return look.gap(NOISE_SCALE, Scope.model(), reason)
    return look.reading(NOISE_SCALE, Scope.model(), noise / signal)


def _agreement(look: Look, gradient_P: Tensor) -> Found:
    previous_P = look.kept.get(AGREEMENT)
    if previous_P is None:
        return look.gap(AGREEMENT, Scope.model(), "there is no earlier probe to compare with")
    norms = torch.linalg.vector_norm(gradient_P) * torch.linalg.vector_norm(previous_P)
    if not float(norms) > 0:
        return look.gap(AGREEMENT, Scope.model(), "the gradient is exactly 0 and has no direction")
    return look.reading(AGREEMENT, Scope.model(), float(gradient_P @ previous_P / norms))


def _gaps(look: Look, reason: str) -> tuple[Found, ...]:
    return tuple(look.gap(quantity, Scope.model(), reason) for quantity in (NOISE_SCALE, AGREEMENT))


CARD = ProbeCard(
    quantities=(
        Quantity(
            name=NOISE_SCALE,
            unit="sequences",
            formula="trace of the gradient's covariance / its squared norm; > batch size = noisy",
            reduction="unbiased, from the norms of 8 parts of the sample and of the whole",
            cost="a forward and backward pass over the sample",
            source="McCandlish et al. 2018",
            cadence=Cadence.PROBE,
        ),
        Quantity(
            name=AGREEMENT,
            unit="1",
            formula=(
                "cosine of the sample's gradient with the one at the probe before; < 0 = it turned"
            ),
            reduction="one cosine over all parameters",
            cost="none: computed with gradient_noise_scale",
            source="measured",
            cadence=Cadence.PROBE,
        ),
    ),
    names=tuple(ProbeName(name=name, tier="full") for name in (NOISE_SCALE, AGREEMENT)),
    measure=measure_loss_gradient,
)
