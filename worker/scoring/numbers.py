"""Scores of numbers, in the units of the data and in training standard deviations.

Shapes: N loss terms, O targets of each, Q outputs of each target, K = O Q, n measured targets.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from app.domain.specs.loss.base import Link, Loss
from app.domain.specs.loss.mse import MseLoss
from app.domain.task import SCALED
from app.domain.telemetry import DoubleArray, IntArray
from worker.scoring.truth import finite

#: Steps ahead and series that scores are divided by at most.
MAX_HORIZON = 100
MAX_SERIES = 100


@dataclass(frozen=True, kw_only=True)
class NumberScale:
    """The scale of a loss: deviations around the mean, or means for an exponential link."""

    mean: DoubleArray
    std: DoubleArray
    link: Link

    @property
    def divisor(self) -> DoubleArray:
        return self.mean if self.link == "exp" else self.std

    def scaled(self, values: DoubleArray) -> DoubleArray:
        return values / self.mean if self.link == "exp" else (values - self.mean) / self.std

    def best_constant(self, loss: Loss, wanted_n: DoubleArray) -> DoubleArray:
        """Returns (Q,) the best constant predictions in the units of the data."""
        scaled_Q = loss.best_constant(self.scaled(wanted_n))
        return scaled_Q * self.mean if self.link == "exp" else scaled_Q * self.std + self.mean


class InUnits(Protocol):
    """Turns the outputs of a network into answers in the units of the data."""

    def __call__(self, kept_NK: DoubleArray) -> DoubleArray: ...


@dataclass(frozen=True, kw_only=True)
class NumberTruth:
    """Targets in the units of the data. A target that is NaN was not measured: it is not scored."""

    wanted_NO: DoubleArray
    #: Of the training part: the scores `…_scaled` are in these standard deviations.
    mean_N: DoubleArray
    std_N: DoubleArray
    #: None if an output times `std` plus `mean` is in the units of the data.
    own_in_units: InUnits | None = None
    #: False if a network's outputs are in the units of the data.
    is_scaled: bool = True
    #: Its metric is one of the scores. The outputs of one target are neighbours.
    loss: Loss = field(default_factory=MseLoss)
    #: Of a forecast: the mean absolute error that the (seasonal) naive forecast has over the
    #: training part of the same series, NaN where it is 0 or unknown. None for other tasks.
    naive_error_N: DoubleArray | None = None
    #: Of a forecast of several series: their labels, and the position of each term's series.
    series: tuple[str, ...] = ()
    series_N: IntArray | None = None

    @classmethod
    def as_it_is(cls, wanted_NO: DoubleArray) -> Self:
        """Returns targets that a network gives in the units of the data."""
        size = len(wanted_NO)
        return cls(wanted_NO=wanted_NO, mean_N=np.zeros(size), std_N=np.ones(size), is_scaled=False)

    def in_units(self, kept_NK: DoubleArray) -> DoubleArray:
        if self.own_in_units is not None:
            return self.own_in_units(kept_NK)
        with np.errstate(over="ignore", invalid="ignore"):
            if self.loss.link == "exp":
                rate_NK: DoubleArray = np.exp(kept_NK) * self.mean_N[:, None]
                return rate_NK
            answer_NK: DoubleArray = kept_NK * self.std_N[:, None] + self.mean_N[:, None]
        return answer_NK

    def scores(self, answer_NK: DoubleArray) -> Mapping[str, float]:
        """Returns the metrics over all measured targets.

        Of a forecast also sMAPE, from 0 to 2 (Makridakis 1993), and MASE (Hyndman & Koehler 2006);
        of other numbers R². R² and MASE are left out where they are not defined.
        """
        is_measured_NO = ~np.isnan(self.wanted_NO)
        shape = (*self.wanted_NO.shape, self.loss.outputs_per_target)
        answer_nQ = answer_NK.reshape(shape)[is_measured_NO]
        wanted_n, answer_n = self.wanted_NO[is_measured_NO], answer_nQ[:, self.loss.point_output]
        term_n = np.nonzero(is_measured_NO)[0]
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            error_n = answer_n - wanted_n
            found = _errors(error_n)
            if self.is_scaled:
                scaled = _errors(error_n / self.std_N[term_n])
                found |= {f"{name}{SCALED}": value for name, value in scaled.items()}
            if self.loss.metric not in found:
                found |= self._own(answer_nQ, wanted_n, term_n)
            if self.naive_error_N is None:
                found |= _r2(wanted_n, error_n)
            else:
                size_n = np.abs(answer_n) + np.abs(wanted_n)
                share_n = np.where(size_n == 0, 0.0, 2 * np.abs(error_n) / size_n)
                found["smape"] = float(share_n.mean())
                found |= _mase(error_n, self.naive_error_N[term_n])
        return found

    def details(
        self,
        answer_NK: DoubleArray,
        *,
        classes: Sequence[str | None],  # noqa: ARG002 - one protocol
    ) -> Mapping[str, JsonValue]:
        if self.naive_error_N is None:
            return {}
        found: dict[str, JsonValue] = {
            "horizon": [
                self._part(answer_NK, column=column)
                for column in range(min(MAX_HORIZON, self.wanted_NO.shape[1]))
            ]
        }
        if self.series_N is not None:
            labels = sorted(enumerate(self.series), key=lambda one: one[1])[:MAX_SERIES]
            found["series"] = {
                label: self._part(answer_NK, is_in_N=self.series_N == place)
                for place, label in labels
            }
        return found

    def _part(
        self,
        answer_NK: DoubleArray,
        *,
        column: int | None = None,
        is_in_N: NDArray[np.bool_] | None = None,
    ) -> dict[str, JsonValue]:
        """Returns the scores of one column or of some terms; none if nothing in it was measured."""
        rows = slice(None) if is_in_N is None else is_in_N
        width = self.loss.outputs_per_target
        columns = outputs = slice(None)
        if column is not None:
            columns = slice(column, column + 1)
            outputs = slice(column * width, (column + 1) * width)
        naive_N = self.naive_error_N
        part = NumberTruth(
            wanted_NO=self.wanted_NO[rows][:, columns],
            mean_N=self.mean_N[rows],
            std_N=self.std_N[rows],
            is_scaled=self.is_scaled,
            loss=self.loss,
            naive_error_N=None if naive_N is None else naive_N[rows],
        )
        if np.isnan(part.wanted_NO).all():
            return {}
        return finite(part.scores(answer_NK[rows][:, outputs]))

    def _own(
        self, answer_nQ: DoubleArray, wanted_n: DoubleArray, term_n: NDArray[np.intp]
    ) -> dict[str, float]:
        """Returns the metric of the loss, which is computed in the scale of the outputs."""
        scale = NumberScale(mean=self.mean_N[term_n], std=self.std_N[term_n], link=self.loss.link)
        answer_Qn, wanted_n = scale.scaled(answer_nQ.T), scale.scaled(wanted_n)
        sizes_n = self.loss.sizes(answer_Qn.T, wanted_n)
        return {
            self.loss.metric: float((sizes_n * scale.divisor**self.loss.power).mean()),
            f"{self.loss.metric}{SCALED}": float(sizes_n.mean()),
        }


def _errors(error_n: DoubleArray) -> dict[str, float]:
    mse = float(np.square(error_n).mean())
    return {"mse": mse, "mae": float(np.abs(error_n).mean()), "rmse": float(np.sqrt(mse))}


def _r2(wanted_n: DoubleArray, error_n: DoubleArray) -> dict[str, float]:
    around_mean = float(np.square(wanted_n - wanted_n.mean()).sum())
    if around_mean == 0:
        return {}
    return {"r2": 1 - float(np.square(error_n).sum()) / around_mean}


def _mase(error_n: DoubleArray, naive_n: DoubleArray) -> dict[str, float]:
    is_known_n = ~np.isnan(naive_n)
    if not is_known_n.any():
        return {}
    return {"mase": float((np.abs(error_n[is_known_n]) / naive_n[is_known_n]).mean())}
