"""The windows of all series of a forecast: what a network reads, and what it is to answer.

Shapes: N rows of all series end to end, F columns (the target first), T window, H horizon,
B windows, Q outputs for each value, K = H Q, S series.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from app.domain.scopes import Split
from app.domain.specs.dataset.forecast import ForecastSpec
from app.domain.specs.transform.chain import TargetTransform
from app.domain.telemetry import DoubleArray, IntArray
from worker.datasets.task import Batch
from worker.datasets.usage import Original, Scaling
from worker.scoring.forecasts import Target

#: Least scale of a window as a share of its series': a constant window has a scale too.
MIN_WINDOW_SHARE = 0.01


def window_scale(
    learned_TB: DoubleArray, mean_B: DoubleArray, std_B: DoubleArray, *, is_rate: bool
) -> tuple[DoubleArray, DoubleArray]:
    """(B,) mean and standard deviation of each window, at least a share of its series'.

    Of rates the mean is bounded too, since it divides them.
    """
    own_std_B = np.maximum(learned_TB.std(axis=0), MIN_WINDOW_SHARE * std_B)
    own_mean_B = learned_TB.mean(axis=0)
    if is_rate:
        own_mean_B = np.maximum(own_mean_B, MIN_WINDOW_SHARE * mean_B)
    return own_mean_B, own_std_B


@dataclass(frozen=True, kw_only=True)
class ForecastOutputs:
    """What a network's outputs for some windows mean in the units of the data."""

    #: Of each window: an output times `std` plus `mean` is a transformed value.
    mean_B: DoubleArray
    std_B: DoubleArray
    transform: TargetTransform
    #: What each transform needs of the rows before the forecast to be undone.
    before: tuple[DoubleArray, ...]
    horizon: int
    #: Whether an output is the logarithm of a value in means.
    is_rate: bool

    def __call__(self, kept_NK: DoubleArray) -> DoubleArray:
        with np.errstate(over="ignore", invalid="ignore"):
            if self.is_rate:
                rate_BK: DoubleArray = np.exp(kept_NK) * self.mean_B[:, None]
                return rate_BK
            learned_BK = kept_NK * self.std_B[:, None] + self.mean_B[:, None]
            learned_BHQ = learned_BK.reshape(len(learned_BK), self.horizon, -1)
            answer_BHQ = self.transform.undone(learned_BHQ, self.before)
        return answer_BHQ.reshape(learned_BK.shape)


@dataclass(frozen=True, kw_only=True)
class Windows:
    """All series end to end, and where the windows' targets start."""

    spec: ForecastSpec
    #: Scaled by series, with the transformed target; the columns of the calendar are the last.
    values_NF: DoubleArray
    #: (N,) The target before each of its transforms, and at last the transformed values.
    levels: tuple[DoubleArray, ...]
    #: The scale of the transformed target, by series.
    mean_S: DoubleArray
    std_S: DoubleArray
    target: Target
    #: First target row of each window, by split.
    starts: dict[Split, IntArray]
    scalings: Sequence[Scaling]
    originals: Sequence[Original]
    #: On series that are left out; None if there are none.
    note: str | None

    def inputs_of(self, start_B: IntArray, *, last: int | None = None) -> DoubleArray:
        """(T, B, F) of the whole windows, or of the `last` timesteps before the target.

        There may be more of these than a window has, where the series has them.
        """
        size = self.spec.window if last is None else last
        row_TB = np.arange(-size, 0)[:, None] + start_B
        inputs_TBF: DoubleArray = self.values_NF[row_TB]
        if self.spec.scaling == "per_window":
            mean_B, std_B = self.scale_of(start_B)
            inputs_TBF[:, :, 0] = (self.levels[-1][row_TB] - mean_B) / std_B
        return inputs_TBF

    def have_before(self, start_B: IntArray, num_timesteps: int) -> NDArray[np.bool_]:
        """(B,) Whether so many timesteps precede the target in its series."""
        first_S = np.searchsorted(self.target.series_N, np.arange(len(self.target.series)))
        first_B = first_S[self.target.series_N[start_B]]
        has_B: NDArray[np.bool_] = (
            start_B - first_B >= num_timesteps + self.spec.target_transform.reach
        )
        return has_B

    def targets_of(self, start_B: IntArray) -> DoubleArray:
        """(B, H) in the scale of the network's outputs."""
        mean_B, std_B = self.scale_of(start_B)
        learned_BH = self.levels[-1][start_B[:, None] + np.arange(self.spec.horizon)]
        if self.is_rate:
            in_means_BH: DoubleArray = learned_BH / mean_B[:, None]
            return in_means_BH
        scaled_BH: DoubleArray = (learned_BH - mean_B[:, None]) / std_B[:, None]
        return scaled_BH

    @property
    def is_rate(self) -> bool:
        return self.spec.loss.link == "exp"

    def scale_of(
        self, start_B: IntArray, *, learned_TB: DoubleArray | None = None
    ) -> tuple[DoubleArray, DoubleArray]:
        """(B,) mean and standard deviation that the outputs for a window are scaled by.

        `learned_TB` are the transformed values of the windows, by default those of the data.
        """
        place_B = self.target.series_N[start_B]
        mean_B, std_B = self.mean_S[place_B], self.std_S[place_B]
        if self.spec.scaling != "per_window":
            return mean_B, std_B
        if learned_TB is None:
            learned_TB = self.levels[-1][np.arange(-self.spec.window, 0)[:, None] + start_B]
        return window_scale(learned_TB, mean_B, std_B, is_rate=self.is_rate)

    def outputs_of(self, start_B: IntArray) -> ForecastOutputs:
        mean_B, std_B = self.scale_of(start_B)
        transform = self.spec.target_transform
        return ForecastOutputs(
            mean_B=mean_B,
            std_B=std_B,
            transform=transform,
            before=transform.before(self.levels, start_B),
            horizon=self.spec.horizon,
            is_rate=self.is_rate,
        )

    def batch(self, start_B: IntArray) -> Batch:
        """Targets that were filled in are NaN."""
        targets_BH = self.targets_of(start_B)
        if self.target.has_gaps:
            row_BH = start_B[:, None] + np.arange(self.spec.horizon)
            targets_BH = np.where(self.target.is_measured_N[row_BH], targets_BH, np.nan)
        return Batch(
            inputs_TBI=torch.from_numpy(self.inputs_of(start_B).astype(np.float32)),
            targets=torch.from_numpy(targets_BH.astype(np.float32)),
        )
