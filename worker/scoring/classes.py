"""Scores of classes.

Shapes: N loss terms, V classes. An answer holds for each term -ln p(target) and the most probable
class.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from app.domain.telemetry import DoubleArray, IntArray

#: Classes that scores are divided by at most.
MAX_CLASSES = 50


@dataclass(frozen=True, kw_only=True)
class ClassTruth:
    """The class of each loss term."""

    codes_N: IntArray
    #: A class that needs no memory: only the cross entropy counts its terms.
    trivial_class: int | None = None
    #: Whether the task is judged by the mean over classes of their cross entropies.
    is_balanced: bool = False

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
        balanced = {"balanced_cross_entropy": self._by_class(answer_NK[:, 0])}
        return {
            **(balanced if self.is_balanced else {}),
            "cross_entropy": float(answer_NK[:, 0].mean()),
            "accuracy": float(right_V.sum() / wanted_V.sum()),
            "balanced_accuracy": float((right_V[is_wanted_V] / wanted_V[is_wanted_V]).mean()),
            "macro_f1": float(f1_V.mean()),
        }

    def details(
        self, answer_NK: DoubleArray, *, classes: Sequence[str | None]
    ) -> Mapping[str, JsonValue]:
        shown = [str(label) for label in classes[:MAX_CLASSES]]
        answered_N = answer_NK[:, 1].astype(np.int64)
        counts = self._counts(answered_N)
        right_V, wanted_V, answered_V = (
            np.pad(count_V, (0, max(0, len(shown) - len(count_V)))) for count_V in counts
        )
        by_class: dict[str, JsonValue] = {}
        for code, label in enumerate(shown):
            right, wanted, answered = right_V[code], wanted_V[code], answered_V[code]
            by_class[label] = {
                "recall": float(right / wanted) if wanted else None,
                "precision": float(right / answered) if answered else None,
                "f1": float(2 * right / (wanted + answered)) if wanted + answered else None,
                "num_targets": int(wanted),
            }
        return {"class": by_class, "confusion": self._confusion(answered_N, len(shown))}

    def _confusion(self, answered_N: NDArray[np.int64], size: int) -> list[JsonValue]:
        """Counts of the first classes: a row for each class wanted, a column for each answered."""
        is_shown_N = (self.codes_N < size) & (answered_N < size)
        if self.trivial_class is not None:
            is_shown_N &= self.codes_N != self.trivial_class
        place_n = self.codes_N[is_shown_N].astype(np.int64) * size + answered_N[is_shown_N]
        counts_VV = np.bincount(place_n, minlength=size * size).reshape(size, size)
        return [row.tolist() for row in counts_VV]

    def _by_class(self, surprise_N: DoubleArray) -> float:
        """Returns the mean over the classes that occur of their mean -ln p(target)."""
        sum_V = np.bincount(self.codes_N, weights=surprise_N)
        count_V = np.bincount(self.codes_N)
        return float((sum_V[count_V > 0] / count_V[count_V > 0]).mean())

    def _counts(
        self, answered_N: NDArray[np.int64]
    ) -> tuple[DoubleArray, DoubleArray, DoubleArray]:
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

    def details(
        self,
        answer_NK: DoubleArray,  # noqa: ARG002 - one protocol
        *,
        classes: Sequence[str | None],  # noqa: ARG002 - one protocol
    ) -> Mapping[str, JsonValue]:
        return {}
