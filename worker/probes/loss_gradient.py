"""The gradient of the loss over the whole sample: how noisy it is, and whether it has turned."""

import torch
from torch import Tensor

from app.domain.telemetry import ProbeGap, ScalarReading
from worker.replay.sample import ProbeSample, ReplayableNetwork
from worker.replay.sample_gradients import SampleGradient, sample_gradient

NOISE_SCALE, AGREEMENT = "gradient_noise_scale", "gradient_agreement"
#: Equal parts that the noise is told from; two would do, and scatter more.
NUM_PARTS = 8
#: The gradient is kept from probe to probe, in double precision.
MAX_PARAMETERS = 20_000_000
Found = ScalarReading | ProbeGap


def measure_loss_gradient(
    model: ReplayableNetwork, sample: ProbeSample, *, step: int, previous_P: Tensor | None
) -> tuple[tuple[Found, ...], Tensor | None]:
    """`gradient_noise_scale`, `gradient_agreement`, and the gradient for the next probe."""
    size = sum(p.numel() for part in (model.layers, model.readout) for p in part.parameters())
    if size > MAX_PARAMETERS:
        reason = f"the network has {size} parameters, more than {MAX_PARAMETERS}"
        return (_gap(NOISE_SCALE, step, reason), _gap(AGREEMENT, step, reason)), None
    gradient = sample_gradient(model, sample, num_parts=NUM_PARTS)
    if not bool(gradient.mean_P.isfinite().all()):
        reason = "the gradient is not finite"
        return (_gap(NOISE_SCALE, step, reason), _gap(AGREEMENT, step, reason)), None
    found = (_noise_scale(gradient, step), _agreement(gradient.mean_P, previous_P, step))
    return found, gradient.mean_P


def _noise_scale(gradient: SampleGradient, step: int) -> Found:
    """Trace of Σ / ‖G‖², from the norms at two batch sizes (McCandlish et al. 2018, A.1)."""
    small = gradient.part_size
    large = small * gradient.num_parts
    if small == large:
        return _gap(NOISE_SCALE, step, "the sample has one sequence")
    square_of_mean = float(gradient.mean_P.square().sum())
    noise = (gradient.mean_square - square_of_mean) / (1 / small - 1 / large)
    signal = (large * square_of_mean - small * gradient.mean_square) / (large - small)
    if signal <= 0:
        reason = f"the gradient of {large} sequences is lost in its noise"
        return _gap(NOISE_SCALE, step, reason)
    return ScalarReading(step=step, quantity=NOISE_SCALE, scope="model", value=noise / signal)


def _agreement(gradient_P: Tensor, previous_P: Tensor | None, step: int) -> Found:
    if previous_P is None:
        return _gap(AGREEMENT, step, "there is no earlier probe to compare with")
    norms = torch.linalg.vector_norm(gradient_P) * torch.linalg.vector_norm(previous_P)
    if not float(norms) > 0:
        return _gap(AGREEMENT, step, "the gradient is exactly 0 and has no direction")
    cosine = float(gradient_P @ previous_P / norms)
    return ScalarReading(step=step, quantity=AGREEMENT, scope="model", value=cosine)


def _gap(quantity: str, step: int, reason: str) -> ProbeGap:
    return ProbeGap(step=step, quantity=quantity, scope="model", reason=reason)
