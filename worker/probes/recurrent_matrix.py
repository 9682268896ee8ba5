"""What the recurrent matrices alone promise: spectral radius and largest singular value.

max φ' · σ_max < 1 is sufficient for vanishing, > 1 only necessary for exploding (Pascanu et al.
2013, §2.1): a certificate beside the measured decay rate, which routinely disagrees with it.
"""

import torch
from torch import Tensor

from app.domain.scopes import Scope
from app.domain.telemetry import ProbeGap, ScalarReading
from worker.cells.states import directions_of, read_weights
from worker.replay.sample import ProbeSample, ReplayableNetwork

#: Largest slope of the non-linearity: 1 for tanh, relu and the identity alike.
LARGEST_SLOPE = 1.0
#: A factorisation takes the cube of this.
MAX_SIZE = 1024
QUANTITIES = ("spectral_radius", "sigma_max")


def measure_recurrent_matrices(
    model: ReplayableNetwork,
    sample: ProbeSample,  # noqa: ARG001 - every probe is called alike
    *,
    step: int,
) -> tuple[ScalarReading | ProbeGap, ...]:
    """`spectral_radius` (largest |eigenvalue|) and `sigma_max`, gate by gate.

    And for an Elman layer, whose one matrix is its whole recurrence, `vanishing_certificate`.
    """
    names = model.card.blocks
    is_alone = not model.card.gates
    readings: list[ScalarReading | ProbeGap] = []
    for layer, module in enumerate(model.layers):
        for direction in directions_of(module):
            recurrent_GH = read_weights(module, direction).recurrent_GH.cpu()
            for name, matrix_HH in zip(names, recurrent_GH.chunk(len(names)), strict=True):
                scope = (
                    Scope.layer(layer, direction)
                    if is_alone
                    else Scope.gate(layer, name, direction)
                )
                readings += _of_matrix(matrix_HH, str(scope), step, is_alone=is_alone)
    return tuple(readings)


def _of_matrix(
    matrix_HH: Tensor, scope: str, step: int, *, is_alone: bool
) -> list[ScalarReading | ProbeGap]:
    size = matrix_HH.shape[0]
    if size > MAX_SIZE:
        return _gaps(step, scope, f"the matrix has {size} rows, more than {MAX_SIZE}")
    if not bool(matrix_HH.isfinite().all()):
        return _gaps(step, scope, "the matrix is not finite")
    radius = float(torch.linalg.eigvals(matrix_HH).abs().max())
    sigma = float(torch.linalg.matrix_norm(matrix_HH, ord=2))
    found = {"spectral_radius": radius, "sigma_max": sigma}
    if is_alone:
        found["vanishing_certificate"] = LARGEST_SLOPE * sigma
    return [
        ScalarReading(step=step, quantity=quantity, scope=scope, value=value)
        for quantity, value in found.items()
    ]


def _gaps(step: int, scope: str, reason: str) -> list[ScalarReading | ProbeGap]:
    return [
        ProbeGap(step=step, quantity=quantity, scope=scope, reason=reason)
        for quantity in QUANTITIES
    ]
