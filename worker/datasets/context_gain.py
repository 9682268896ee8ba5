"""How far back a series is worth looking: the held-out gain of context in a linear autoregression.

A longer memory that a linear model cannot use is not seen, so what is found can make at most a
warning. Autocorrelation would not do: a random walk has it at every lag and needs only the last.
Shapes: W windows, K features (the last timesteps of every column), H horizon.
"""

import numpy as np

from app.domain.task import LagSource, RequiredLag
from app.domain.telemetry import DoubleArray

#: Contexts that are tried, in timesteps.
CONTEXTS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)
#: Weights of one regression; more would take longer than a probe.
MAX_FEATURES = 512
#: Ridge penalty as a share of the features' mean square: for the solver's sake alone. At 1e-3 the
#: shrunken weight of a random walk's last value cost more than 2 %, and a long context made up.
RIDGE = 1e-6
#: The shortest context whose held-out error is within this factor of the best is enough.
TOLERANCE = 1.02
#: Windows below which a held-out error says little.
MIN_WINDOWS = 30


def estimate_lag(
    train: tuple[DoubleArray, DoubleArray], held_out: tuple[DoubleArray, DoubleArray]
) -> RequiredLag:
    """From (inputs_TWF, targets_WH) of two parts that share no target."""
    window, num_windows, num_columns = train[0].shape
    if num_windows < MIN_WINDOWS or held_out[0].shape[1] < MIN_WINDOWS:
        return RequiredLag(method="too few windows to estimate it from")
    longest = min(window, MAX_FEATURES // num_columns, num_windows // (2 * num_columns))
    tried = [context for context in CONTEXTS if context <= longest]
    errors = {context: _held_out_error(train, held_out, context) for context in tried}
    best = min(errors.values())
    enough = next(context for context in tried if errors[context] <= TOLERANCE * best)
    method = (
        f"a linear autoregression on {enough} timesteps forecasts held-out values within "
        f"{TOLERANCE - 1:.0%} of the best of 1 to {tried[-1]}"
    )
    return RequiredLag(
        timesteps=enough - 1,
        max=max(context for context in tried if errors[context] == best) - 1,
        source=LagSource.ESTIMATED,
        method=method,
    )


def _held_out_error(
    train: tuple[DoubleArray, DoubleArray],
    held_out: tuple[DoubleArray, DoubleArray],
    context: int,
) -> float:
    """Mean squared error of the ridge regression on the last `context` timesteps."""
    features_WK, targets_WH = _features(train[0], context), train[1]
    moment_KK = features_WK.T @ features_WK
    moment_KK[np.diag_indices_from(moment_KK)] += RIDGE * np.trace(moment_KK) / len(moment_KK)
    weights_KH = np.linalg.solve(moment_KK, features_WK.T @ targets_WH)
    error_WH = _features(held_out[0], context) @ weights_KH - held_out[1]
    return float(np.square(error_WH).mean())


def _features(inputs_TWF: DoubleArray, context: int) -> DoubleArray:
    """The last timesteps of all columns, and a constant."""
    num_windows = inputs_TWF.shape[1]
    recent_WK = inputs_TWF[-context:].transpose(1, 0, 2).reshape(num_windows, -1)
    return np.concatenate([recent_WK, np.ones((num_windows, 1))], axis=1)
