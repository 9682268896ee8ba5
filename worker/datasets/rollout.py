"""Forecasts that go on from their own predictions, over more timesteps than the network answers.

Shapes: T window, B windows, H horizon of the network, R timesteps in multiples of H, I inputs,
Q outputs for each value.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from pydantic import JsonValue

from app.domain.scopes import Split
from app.domain.specs.dataset.forecast import ForecastSpec
from app.domain.specs.loss.mse import MseLoss
from app.domain.telemetry import DoubleArray, IntArray
from worker.datasets.context_gain import spread
from worker.datasets.windows import Windows
from worker.models.network import SequenceModel
from worker.scoring.truth import finite

#: Windows of a split, evenly spaced, and forward passes of all of them together.
MAX_WINDOWS = 256
MAX_PASSES = 8192
#: Steps, evenly spaced, whose scores are told.
MAX_STEPS = 100


@dataclass(frozen=True, kw_only=True)
class Rollout:
    """The windows of validation and test that are forecast recursively."""

    spec: ForecastSpec
    windows: Windows
    starts: Mapping[Split, IntArray]

    @classmethod
    def of(cls, spec: ForecastSpec, windows: Windows, starts: Mapping[Split, IntArray]) -> Self:
        most = min(MAX_WINDOWS, max(1, MAX_PASSES * spec.horizon // spec.rolled_rows))
        chosen = {split: spread(start_W, most) for split, start_W in starts.items() if start_W.size}
        return cls(spec=spec, windows=windows, starts=chosen)

    def scores(self, model: SequenceModel, split: Split) -> list[JsonValue]:
        """Returns the metrics of steps ahead, in the units of the data; none for other splits.

        `naive_mae` is the error of the (seasonal) naive forecast of the same targets.
        """
        start_B, target = self.starts.get(split), self.windows.target
        steps = self.spec.recursive_steps
        if start_B is None or steps is None:
            return []
        answer_BR = self.forecast(model, start_B)[:, :steps]
        naive_BR = target.repeated(start_B, horizon=steps, period=target.season, width=1)
        truth = target.truth(start_B, horizon=steps, in_units=self.windows.outputs_of(start_B))
        truth = replace(truth, loss=MseLoss())
        found: list[JsonValue] = []
        for step in spread(np.arange(steps, dtype=np.int32), MAX_STEPS):
            one = replace(truth, wanted_NO=truth.wanted_NO[:, step : step + 1])
            error_B = np.abs(naive_BR[:, step] - one.wanted_NO[:, 0])
            if np.isnan(error_B).all():
                continue
            scores = one.scores(answer_BR[:, step : step + 1])
            scores = {**scores, "naive_mae": float(np.nanmean(error_B))}
            found.append({"step": int(step) + 1, **finite(scores)})
        return found

    def forecast(self, model: SequenceModel, start_B: IntArray) -> DoubleArray:
        """Returns (B, R) predictions in the units of the data.

        The network goes on in the scale that it has learned; transforms are undone at the end.
        """
        spec, windows = self.spec, self.windows
        window, horizon = spec.window, spec.horizon
        row_BT = start_B[:, None] + np.arange(-window, 0)
        known_BN = np.empty((len(start_B), window + spec.rolled_rows))
        known_BN[:, :window] = windows.levels[-1][row_BT]
        with np.errstate(over="ignore", invalid="ignore"):
            for first in range(0, spec.rolled_rows, horizon):
                seen_TB = known_BN[:, first : first + window].T
                mean_B, std_B = windows.scale_of(start_B, learned_TB=seen_TB)
                inputs_TBI = windows.values_NF[row_BT.T + first]
                inputs_TBI[:, :, 0] = (seen_TB - mean_B) / std_B
                point_BH = self._points(model, inputs_TBI)
                end = first + window
                if windows.is_rate:
                    ahead_BH = np.exp(point_BH) * mean_B[:, None]
                else:
                    ahead_BH = point_BH * std_B[:, None] + mean_B[:, None]
                known_BN[:, end : end + horizon] = ahead_BH
            before = spec.target_transform.before(windows.levels, start_B)
            ahead_BR1 = known_BN[:, window:, None]
            answer_BR: DoubleArray = spec.target_transform.undone(ahead_BR1, before)[:, :, 0]
        return answer_BR

    def _points(self, model: SequenceModel, inputs_TBI: DoubleArray) -> DoubleArray:
        """Returns (B, H) the outputs that are forecasts of the values themselves."""
        weights = model.readout.weight
        read_TBI = torch.from_numpy(inputs_TBI.astype(np.float32))
        with torch.no_grad():
            outputs = model(read_TBI.to(device=weights.device, dtype=weights.dtype), None)
        outputs_BHQ = (
            outputs.double()
            .cpu()
            .numpy()
            .reshape(  # sync point
                inputs_TBI.shape[1], self.spec.horizon, -1
            )
        )
        point_BH: DoubleArray = outputs_BHQ[:, :, self.spec.loss.point_output]
        return point_BH
