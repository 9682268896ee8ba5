"""Biases that give gated units time constants (Tallec & Ollivier 2018, section 2)."""

from typing import ClassVar, Literal

import numpy as np

from app.domain.specs.base import PositiveInt
from app.domain.specs.init.base import BiasesInit, BlankBiases, CellNeed
from app.domain.telemetry import DoubleArray


class Chrono(BiasesInit):
    """For gru and lstm: time constants of up to `max_lag` timesteps (Tallec & Ollivier 2018).

    The gate that keeps a unit's state starts at ln U[1, max_lag], lstm's input gate at minus that.
    """

    need: ClassVar = CellNeed(code="chrono_needs_gates", is_met=lambda card: card.keeps_state)
    sets_forget_biases: ClassVar = True

    kind: Literal["chrono"]
    max_lag: PositiveInt | None = None
    """T_max - 1 of the paper. Null means the task's required lag or, if that is unknown, its length
    minus 1."""

    def fill(self, blank: BlankBiases, /) -> DoubleArray:
        """Returns the biases; both gates of an LSTM use the same random numbers.

        A GRU has one gate for both purposes.
        """
        longest = max(1, self.max_lag or blank.longest_lag)
        kept_H = np.log(blank.rng.uniform(1, longest, blank.hidden_size))
        biases_BH = np.zeros((len(blank.gates), blank.hidden_size))
        for index, gate in enumerate(blank.gates):
            if gate.keeps_state:
                biases_BH[index] = kept_H
            elif gate.admits_input:
                biases_BH[index] = -kept_H
        return biases_BH.ravel()
