"""What the recurrent matrices alone promise: spectral radius and largest singular value.

σ_max · max φ' < 1 is sufficient for vanishing, σ_max > 1 only necessary for exploding (Pascanu et
al. 2013): a certificate beside the measured decay rate, which routinely disagrees with it.
"""

import torch
from torch import Tensor

from app.domain.telemetry import ScalarReading
from worker.replay.cells import GATE_NAMES, gate_scope
from worker.replay.sample import ProbeSample, ReplayableNetwork
from worker.replay.states import directions_of, layer_scope, read_weights


def measure_recurrent_matrices(
    model: ReplayableNetwork,
    sample: ProbeSample,  # noqa: ARG001 - every probe is called alike
    *,
    step: int,
) -> tuple[ScalarReading, ...]:
    """`spectral_radius` (largest |eigenvalue|) and `sigma_max`, gate by gate."""
    names = GATE_NAMES[model.kind]
    readings: list[ScalarReading] = []
    for layer, module in enumerate(model.layers):
        for direction in directions_of(module):
            recurrent_GH = read_weights(module, direction).recurrent_GH.cpu()
            for name, matrix_HH in zip(names, recurrent_GH.chunk(len(names)), strict=True):
                scope = (
                    layer_scope(layer, direction)
                    if name is None
                    else gate_scope(layer, direction, name)
                )
                readings += _of_matrix(matrix_HH, scope, step)
    return tuple(readings)


def _of_matrix(matrix_HH: Tensor, scope: str, step: int) -> list[ScalarReading]:
    if not bool(matrix_HH.isfinite().all()):
        return []
    radius = float(torch.linalg.eigvals(matrix_HH).abs().max())
    sigma = float(torch.linalg.matrix_norm(matrix_HH, ord=2))
    return [
        ScalarReading(step=step, quantity="spectral_radius", scope=scope, value=radius),
        ScalarReading(step=step, quantity="sigma_max", scope=scope, value=sigma),
    ]
