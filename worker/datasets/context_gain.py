"""The lag that a task needs, estimated from the held-out gain of context in a linear regression.

The estimate misses what a linear model cannot use, so a finding that rests on it is at most a
warning. Autocorrelation is no substitute: that of a random walk is high at every lag, although the
last value alone is needed.
Shapes: T timesteps, W windows, F columns, K features (the last timesteps of all columns),
H targets, C contexts in timesteps, from none.
"""

from collections.abc import Sequence

import numpy as np
import torch

from app.domain.data_facts import LongerContext
from app.domain.task import RequiredLag
from app.domain.telemetry import DoubleArray, IntArray
from worker.datasets.required_lag import TOLERANCE, drawn_means, estimated

#: Windows, evenly spaced, that a regression is fitted to and scored on, and targets of each.
MAX_WINDOWS = 4096
MAX_SCORED_WINDOWS = 1024
MAX_TARGETS = 16
#: Weights of one regression; more would take longer than a probe.
MAX_FEATURES = 512
#: Ridge penalty as a share of the features' mean square. It keeps the solver stable; at 1e-3 it
#: shrank the weight of a random walk's last value, and long contexts seemed to help.
RIDGE = 1e-6
#: Errors below this share of the error without context are rounding: all such contexts are equal.
SMALLEST_SHARE = 1e-10
#: Windows below which a held-out error says little.
MIN_WINDOWS = 30
#: Timesteps that are tried at least, where the rows have them, if a window is very short: a season
#: may be many times as long.
LEAST_LONGER = 32
#: Standard errors by which a context is worse than the best by chance in one of twenty cases. One
#: standard error (Breiman et al. 1984) is too few: the best of many contexts is also the luckiest.
CHANCE_ERRORS = 1.645

Part = tuple[DoubleArray, DoubleArray]


def spread(items_W: IntArray, most: int) -> IntArray:
    """At most `most` of the indices, evenly spaced."""
    if len(items_W) <= most:
        return items_W
    return items_W[np.linspace(0, len(items_W) - 1, most).round().astype(np.int64)]


def longest_context(length: int, num_columns: int) -> int:
    """The longest context that is tried, in timesteps, for sequences of this length."""
    return min(length, max(1, MAX_FEATURES // num_columns))


def estimate_lag(train: Part, held_out: Part, *, length: int, is_overlapping: bool) -> RequiredLag:
    """The lag from (inputs_TWF, targets_WH) of two parts that share no target.

    T may be less than the `length` of the training sequences: the last timesteps are enough.
    The errors of overlapping windows are correlated, so that their standard error is not known.
    """
    if _are_too_few(train, held_out):
        return RequiredLag(method="too few windows to estimate it from")
    longest = _longest_fitted(train)
    if longest < 1:
        return RequiredLag(method="too few windows for so many columns to estimate it from")
    error_CW = _held_out_errors(train, held_out, longest)
    error_C = error_CW.mean(axis=1)
    smallest = SMALLEST_SHARE * error_C[0]
    if not smallest > 0:
        return RequiredLag(method="the held-out values are constant: nothing is to be told")
    error_C = np.maximum(error_C, smallest)
    return estimated(
        0.5 * np.log(error_C),
        by="a linear regression",
        is_cut_short=longest < length,
        chance_C=0.0 if is_overlapping else _chance(error_CW, error_C),
        drawn_RC=0.5 * np.log(np.maximum(drawn_means(error_CW), smallest)),
    )


def gain_of_longer(train: Part, held_out: Part, *, shown: int) -> LongerContext | None:
    """What contexts longer than `shown` gain; None if there are too few windows to tell.

    All contexts are fitted to the same windows, with T > `shown` timesteps before each target.
    """
    longest = _longest_fitted(train)
    if _are_too_few(train, held_out) or longest <= shown:
        return None
    error_CW = _held_out_errors(train, held_out, longest)
    error_C = error_CW.mean(axis=1)
    smallest = SMALLEST_SHARE * error_C[0]
    if not smallest > 0:
        return None
    error_C = np.maximum(error_C, smallest)
    within, beyond = (
        int(error_C[: shown + 1].argmin()),
        shown + 1 + int(error_C[shown + 1 :].argmin()),
    )
    chance_C = _chance(error_CW[[within, beyond]], error_C[[within, beyond]])
    return LongerContext.of(
        [float(loss) for loss in 0.5 * np.log(error_C)],
        shown=shown,
        tolerance=TOLERANCE,
        chance=float(chance_C.max()),
    )


def _are_too_few(train: Part, held_out: Part) -> bool:
    num_windows: int = min(train[0].shape[1], held_out[0].shape[1])
    return num_windows < MIN_WINDOWS


def _longest_fitted(train: Part) -> int:
    """The longest context with at least two windows for each weight."""
    window, num_windows, num_columns = map(int, train[0].shape)
    return min(longest_context(window, num_columns), num_windows // (2 * num_columns))


def windows_before(
    features_NF: DoubleArray, sequences: Sequence[IntArray], *, is_per_step: bool, longest: int
) -> tuple[DoubleArray, IntArray]:
    """Inputs (T, W, F) up to each target, and the row (W,) of each target.

    Targets are at every timestep or at the last of each sequence. Timesteps before the first of a
    sequence are filled with 0, the mean of the features.
    """
    window = longest_context(longest, features_NF.shape[1])
    length_B = np.array([len(rows) for rows in sequences])
    last_B = np.cumsum(length_B) - 1
    target_W = np.arange(length_B.sum(), dtype=np.int32) if is_per_step else last_B
    target_W = spread(target_W.astype(np.int32), MAX_WINDOWS)
    owner_W = np.searchsorted(last_B, target_W)
    end_W = target_W - last_B[owner_W] + length_B[owner_W]
    inputs_TWF = np.zeros((window, len(target_W), features_NF.shape[1]))
    row_W = np.empty(len(target_W), dtype=np.int32)
    for place, (owner, end) in enumerate(zip(owner_W, end_W, strict=True)):
        rows = sequences[owner][max(0, end - window) : end]
        inputs_TWF[window - len(rows) :, place] = features_NF[rows]
        row_W[place] = rows[-1]
    return inputs_TWF, row_W


def class_targets(train_W: IntArray, held_out_W: IntArray) -> list[DoubleArray]:
    """One-hot targets over the most frequent classes."""
    frequent_H = np.argsort(-np.bincount(train_W), kind="stable")[:MAX_TARGETS]
    return [(part_W[:, None] == frequent_H).astype(np.float64) for part_W in (train_W, held_out_W)]


def _held_out_errors(train: Part, held_out: Part, longest: int) -> DoubleArray:
    """(C, W): mean squared error of the ridge regression on each number of last timesteps.

    The Cholesky factor of a shorter context's moments is the corner of that of a longer one's: one
    factorisation serves all.
    """
    chosen_H = spread(np.arange(train[1].shape[1], dtype=np.int32), MAX_TARGETS)
    features_WK = _features(train[0], longest)
    moment_KK = features_WK.T @ features_WK
    moment_KK[np.diag_indices_from(moment_KK)] += RIDGE * np.trace(moment_KK) / len(moment_KK)
    factor_KK = torch.linalg.cholesky(torch.from_numpy(moment_KK))
    weights_KH, scored_KW = (
        torch.linalg.solve_triangular(factor_KK, torch.from_numpy(side), upper=False).numpy()
        for side in (features_WK.T @ train[1][:, chosen_H], _features(held_out[0], longest).T)
    )
    rest_WH = held_out[1][:, chosen_H] - scored_KW[:1].T @ weights_KH[:1]
    errors = [np.square(rest_WH).mean(axis=1)]
    num_columns = train[0].shape[2]
    for first in range(1, len(weights_KH), num_columns):
        added = slice(first, first + num_columns)
        rest_WH = rest_WH - scored_KW[added].T @ weights_KH[added]
        errors.append(np.square(rest_WH).mean(axis=1))
    return np.array(errors)


def _chance(error_CW: DoubleArray, error_C: DoubleArray) -> DoubleArray:
    """Nats by which each context may be worse than the best by chance.

    ½ ln of a ratio of mean errors deviates by ½ √(Var(error / its mean − best / its mean) / W):
    paired, because a window that is hard with one context is hard with the other.
    """
    share_CW = error_CW / error_C[:, None]
    deviation_C = np.std(share_CW - share_CW[error_C.argmin()], axis=1, ddof=1)
    chance_C: DoubleArray = CHANCE_ERRORS * 0.5 * deviation_C / np.sqrt(error_CW.shape[1])
    return chance_C


def _features(inputs_TWF: DoubleArray, context: int) -> DoubleArray:
    """A constant, then all columns of the last timestep, and so on back in time."""
    num_windows = inputs_TWF.shape[1]
    recent_WK = inputs_TWF[: -context - 1 : -1].transpose(1, 0, 2).reshape(num_windows, -1)
    return np.concatenate([np.ones((num_windows, 1)), recent_WK], axis=1)
