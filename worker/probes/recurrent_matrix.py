"""Measures the recurrent matrices by themselves: spectral radius and largest singular value.

max φ' · σ_max < 1 is sufficient for vanishing, > 1 only necessary for exploding (Pascanu et al.
2013, §2.1). This bound often disagrees with the measured decay rate.
"""

import torch
from torch import Tensor

from app.domain.quantities.probe import ProbeName
from app.domain.quantities.quantity import Cadence, Quantity
from app.domain.scopes import Scope
from app.domain.telemetry import ProbeGap, ScalarReading
from worker.cells.states import directions_of, read_weights
from worker.probes.card import Look, ProbeCard

#: Largest slope of the non-linearity: 1 for tanh, relu and the identity alike.
LARGEST_SLOPE = 1.0
#: Rows of a matrix: a decomposition costs their cube.
MAX_SIZE = 1024
RADIUS, SIGMA, CERTIFICATE = "spectral_radius", "sigma_max", "vanishing_certificate"
Found = ScalarReading | ProbeGap


def measure_recurrent_matrices(look: Look) -> tuple[Found, ...]:
    """Measures `spectral_radius` (largest |eigenvalue|) and `sigma_max` of each gate's matrix.

    Also `vanishing_certificate` of a cell without gates, whose one matrix is its whole recurrence.
    """
    names = look.model.card.blocks
    is_alone = not look.model.card.gates
    found: list[Found] = []
    for layer, module in enumerate(look.model.layers):
        for direction in directions_of(module):
            recurrent_GH = read_weights(module, direction).recurrent_GH.cpu()
            for name, matrix_HH in zip(names, recurrent_GH.chunk(len(names)), strict=True):
                scope = (
                    Scope.layer(layer, direction)
                    if is_alone
                    else Scope.gate(layer, name, direction)
                )
                found += _of_matrix(look, matrix_HH, scope, is_alone=is_alone)
    return tuple(found)


def _of_matrix(look: Look, matrix_HH: Tensor, scope: Scope, *, is_alone: bool) -> list[Found]:
    size = matrix_HH.shape[0]
    if size > MAX_SIZE:
        return _gaps(look, scope, f"the matrix has {size} rows, more than {MAX_SIZE}")
    if not bool(matrix_HH.isfinite().all()):
        return _gaps(look, scope, "the matrix is not finite")
    radius = float(torch.linalg.eigvals(matrix_HH).abs().max())
    sigma = float(torch.linalg.matrix_norm(matrix_HH, ord=2))
    values = {RADIUS: radius, SIGMA: sigma}
    if is_alone:
        values[CERTIFICATE] = LARGEST_SLOPE * sigma
    return [look.reading(quantity, scope, value) for quantity, value in values.items()]


def _gaps(look: Look, scope: Scope, reason: str) -> list[Found]:
    return [look.gap(quantity, scope, reason) for quantity in (RADIUS, SIGMA)]


CARD = ProbeCard(
    quantities=(
        Quantity(
            name=RADIUS,
            unit="1",
            formula="largest |eigenvalue| of a recurrent matrix, per gate",
            reduction="largest over eigenvalues, a matrix each",
            cost="eigenvalues of each H x H matrix: H^3",
            source="Pascanu et al. 2013",
            cadence=Cadence.PROBE,
        ),
        Quantity(
            name=SIGMA,
            unit="1",
            formula=(
                "largest singular value of a recurrent matrix, per gate; < 1 suffices to vanish"
            ),
            reduction="largest over singular values, a matrix each",
            cost="singular values of each H x H matrix: H^3",
            source="Pascanu et al. 2013",
            cadence=Cadence.PROBE,
        ),
        Quantity(
            name=CERTIFICATE,
            unit="1",
            formula=(
                "largest slope · sigma_max of an elman layer's one matrix; < 1 proves vanishing"
            ),
            reduction="product of two bounds",
            cost="none: computed with sigma_max",
            source="Pascanu et al. 2013, section 2.1",
            cadence=Cadence.PROBE,
        ),
    ),
    names=(
        ProbeName(name=RADIUS, tier="standard"),
        ProbeName(name=SIGMA, tier="standard"),
        ProbeName(
            name=CERTIFICATE,
            tier="standard",
            needs="layer with a single recurrent matrix (elman)",
        ),
    ),
    measure=measure_recurrent_matrices,
)
