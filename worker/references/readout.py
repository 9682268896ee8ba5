"""Linear outputs on features: ridge regression, or the task's loss with a ridge penalty.

Features are standardised by the training part, and turned to their principal axes, on which the
penalised squared error is a sphere. A few steps of L-BFGS then minimise any convex loss.
Shapes: n rows, K features, R axes, O outputs.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from worker.datasets.task import Objective

#: Ridge penalties, of features with a variance of 1: from strong to weak.
STRENGTHS_OF_SQUARES = (1e4, *(10 ** (power / 2) for power in range(4, -7, -1)), 1e-4, 1e-6, 1e-8)
STRENGTHS = (1.0, 1e-1, 1e-2, 1e-3, 1e-4)
#: Axes whose variance is below this share of the largest are rounding errors.
SMALLEST_SHARE = 1e-11
MAX_ITERATIONS = 25
MAX_EVALUATIONS = 30


@dataclass(frozen=True, kw_only=True)
class Readout:
    """outputs = (features - mean) @ weights + bias."""

    mean_K: Tensor
    weights_KO: Tensor
    bias_O: Tensor
    strength: float

    def __call__(self, features_nK: Tensor) -> Tensor:
        return (features_nK.double() - self.mean_K) @ self.weights_KO + self.bias_O


@dataclass(frozen=True, kw_only=True)
class Axes:
    """The principal axes of standardised features."""

    mean_K: Tensor
    #: Standardises and turns.
    axes_KR: Tensor
    variance_R: Tensor
    rows_nR: Tensor

    @classmethod
    def of(cls, features_nK: Tensor) -> "Axes":
        features_nK = features_nK.double()
        mean_K = features_nK.mean(dim=0)
        centred_nK = features_nK - mean_K
        std_K = centred_nK.square().mean(dim=0).sqrt()
        scale_K = torch.where(std_K > 1e-12 * (1 + mean_K.abs()), 1 / std_K, 0.0)
        moment_KK = (centred_nK.T @ centred_nK) / len(centred_nK) * torch.outer(scale_K, scale_K)
        variance_K, turn_KK = torch.linalg.eigh(moment_KK)
        is_kept_K = variance_K > SMALLEST_SHARE * variance_K[-1]
        axes_KR = scale_K[:, None] * turn_KK[:, is_kept_K]
        return cls(
            mean_K=mean_K,
            axes_KR=axes_KR,
            variance_R=variance_K[is_kept_K],
            rows_nR=centred_nK @ axes_KR,
        )

    def readout(self, weights_RO: Tensor, bias_O: Tensor, *, strength: float) -> Readout:
        return Readout(
            mean_K=self.mean_K,
            weights_KO=self.axes_KR @ weights_RO,
            bias_O=bias_O,
            strength=strength,
        )


def least_squares(axes: Axes, wanted_nO: Tensor) -> Iterator[Readout]:
    """Yields the ridge regression of each strength: closed form."""
    bias_O = wanted_nO.mean(dim=0)
    moment_RO = axes.rows_nR.T @ (wanted_nO - bias_O) / len(wanted_nO)
    for strength in STRENGTHS_OF_SQUARES:
        weights_RO = moment_RO / (axes.variance_R + strength)[:, None]
        yield axes.readout(weights_RO, bias_O, strength=strength)


def least_loss(
    axes: Axes, objective: Objective, targets: Tensor, *, offset_nO: Tensor
) -> Iterator[Readout]:
    """Yields the minimum of mean loss + strength / 2 ||W||² of each strength, from strong to weak.

    Each starts where the one before ended. Outputs are added to `offset_nO`.
    """
    num_outputs = offset_nO.shape[1]
    weights_RO = torch.zeros(axes.rows_nR.shape[1], num_outputs, dtype=torch.float64)
    bias_O = torch.zeros(num_outputs, dtype=torch.float64)
    for strength in STRENGTHS:
        problem = _Penalised(
            rows_nR=axes.rows_nR,
            scale_R1=(axes.variance_R + strength).rsqrt()[:, None],
            objective=objective,
            targets=targets,
            offset_nO=offset_nO,
            strength=strength,
        )
        weights_RO, bias_O = problem.minimise(weights_RO, bias_O)
        yield axes.readout(weights_RO, bias_O, strength=strength)


@dataclass(frozen=True, kw_only=True)
class _Penalised:
    """The penalised loss, in coordinates in which that of squared errors is a sphere."""

    rows_nR: Tensor
    scale_R1: Tensor
    objective: Objective
    targets: Tensor
    offset_nO: Tensor
    strength: float

    def minimise(self, weights_RO: Tensor, bias_O: Tensor) -> tuple[Tensor, Tensor]:
        """Returns weights and bias after a few steps from the given ones."""
        rows_nR = self.rows_nR * self.scale_R1.T
        turned_RO = (weights_RO / self.scale_R1).requires_grad_()
        bias_O = bias_O.clone().requires_grad_()
        optimizer = torch.optim.LBFGS(
            [turned_RO, bias_O],
            max_iter=MAX_ITERATIONS,
            max_eval=MAX_EVALUATIONS,
            tolerance_change=1e-7,
            line_search_fn="strong_wolfe",
        )

        def loss() -> Tensor:
            optimizer.zero_grad()
            outputs_nO = torch.addmm(self.offset_nO + bias_O, rows_nR, turned_RO)
            fit = self.objective.loss_terms(outputs_nO, self.targets).mean()
            size = (turned_RO * self.scale_R1).square().sum()
            total = fit + 0.5 * self.strength * size
            total.backward()
            return total

        with torch.enable_grad():
            optimizer.step(loss)
        return (turned_RO * self.scale_R1).detach(), bias_O.detach()
