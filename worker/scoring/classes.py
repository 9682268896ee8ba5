"""Scores of classes.

Shapes: N loss terms, V classes. An answer holds for each term -ln p(target) and the most probable
class.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from app.domain.telemetry import DoubleArray, IntArray


@dataclass(frozen=True, kw_only=True)
class ClassTruth:
    """The class of each loss term."""

    codes_N: IntArray
    #: A class that needs no memory: only the cross entropy counts its terms.
    trivial_class: int | None = None

    def in_units(self, kept_NK: DoubleArray) -> DoubleArray:
        return kept_NK

    def scores(self, answer_NK: DoubleArray) -> Mapping[str, float]:
        """Returns the metrics; classes that the split lacks have no recall.

        Balanced accuracy is the mean recall, and macro-F1 the mean F1, as in scikit-learn: F1 is
        0 for a class that is predicted and never right.
        """
        right_V, wanted_V, answered_V = self._counts(answer_NK[:, 1].astype(np.int64))
        is_wanted_V = wanted_V > 0
        occurs_V = is_wanted_V | (answered_V > 0)
        f1_V = 2 * right_V[occurs_V] / (wanted_V[occurs_V] + answered_V[occurs_V])
        return {
            "cross_entropy": float(answer_NK[:, 0].mean()),
            "accuracy": float(right_V.sum() / wanted_V.sum()),
            "balanced_accuracy": float((right_V[is_wanted_V] / wanted_V[is_wanted_V]).mean()),
            "macro_f1": float(f1_V.mean()),
        }

    def _counts(self, answered_N: np.ndarray) -> tuple[DoubleArray, DoubleArray, DoubleArray]:
        """(V,) terms of each class that are right, wanted and answered."""
        codes_n = self.codes_N
        if self.trivial_class is not None:
            is_counted_N = codes_n != self.trivial_class
            codes_n, answered_N = codes_n[is_counted_N], answered_N[is_counted_N]
        size = 1 + int(max(codes_n.max(), answered_N.max()))
        right, wanted, answered = (
            np.bincount(found, minlength=size).astype(np.float64)
            for found in (codes_n[codes_n == answered_N], codes_n, answered_N)
        )
        return right, wanted, answered


@dataclass(frozen=True, kw_only=True)
class CharacterTruth(ClassTruth):
    """The character at each timestep."""

    def scores(self, answer_NK: DoubleArray) -> Mapping[str, float]:
        return {
            "bits_per_character": float(answer_NK[:, 0].mean()) / math.log(2),
            "accuracy": float((answer_NK[:, 1] == self.codes_N).mean()),
        }
